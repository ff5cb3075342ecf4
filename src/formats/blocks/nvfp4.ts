import type { BlockType } from '../block_type.ts';
import { E2M1_VALUES } from './code_tables.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';

const unit = new CodeUnit();

/**
 * 64 floats v of 4 bits; of each 16 a scale s, a float of 4 bits of exponent and 3 of fraction: value = s v (NVIDIA's
 * NVFP4). A block in a checkpoint is s[4], then 32 bytes: of each 16 values, 8 bytes hold value i in the low nibble and
 * value 8 + i in the high one (ggml's `block_nvfp4`).
 */
export const NVFP4: BlockType = {
  name: 'NVFP4',
  ggml_type: 40,
  block_size: 64,
  block_bytes: 36,
  planes: [
    { name: 'codes', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 4 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 36, offset: 0, bytes: 4 }, scales!);
    const code = viewOf(codes!);
    for (let u = 0; u < 2 * count; u++) {
      const at = 36 * (u >> 1) + 4 + 16 * (u & 1);
      for (let i = 0; i < 8; i++) {
        for (const half of [0, 1]) {
          const byte = blocks[at + 8 * half + i]!;
          unit.codes[16 * half + i] = byte & 15;
          unit.codes[16 * half + 8 + i] = byte >> 4;
        }
      }
      unit.pack(code, 16 * u, 4);
    }
  },
  decode([codes, scales], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 16 * u, 4);
      unit.look(E2M1_VALUES);
    };
    return decodeUnits(unit, 2 * count, load, (half) => halfOfE4M3(scales![half]!));
  },
};

/** Half of an unsigned float of 4 and 3 bits; ggml takes 127, which is no number, as 0. */
function halfOfE4M3(byte: number): number {
  if (byte === 127) return 0;
  const exponent = (byte >> 3) & 15;
  const fraction = byte & 7;
  return exponent === 0 ? fraction * 2 ** -10 : (8 + fraction) * 2 ** (exponent - 11);
}
