import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeUnits, minOf, scaleOf } from './k_scales.ts';

const unit = new CodeUnit();

/**
 * 256 values of 4 bits q; of each 32 a scale s and a minimum t of 6 bits, and for all of them d and e in float16:
 * value = d s q - e t. A block in a checkpoint is 16 bytes of scales (see `k_scales.ts`), then 128 bytes of codes: of 64
 * values, 32 bytes hold value i in the low nibble and value 32 + i in the high one (ggml's `block_q4_K`).
 */
export const Q4_K: BlockType = {
  name: 'Q4_K',
  ggml_type: 12,
  block_size: 256,
  block_bytes: 144,
  planes: [
    { name: 'codes', bytes_per_block: 128 },
    { name: 'scales', bytes_per_block: 16 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 144, offset: 0, bytes: 16 }, scales!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    for (let u = 0; u < 8 * count; u++) {
      unit.take(source, 144 * (u >> 3) + 16 + 32 * ((u >> 1) & 3), 4 * (u & 1), 4);
      unit.pack(code, 16 * u, 4);
    }
  },
  decode([codes, scales], count) {
    const load = (u: number) => unit.unpack(codes!, 16 * u, 4);
    const scale = (half: number) => scaleOf(scales!, half >> 4, (half >> 1) & 7);
    const min = (half: number) => minOf(scales!, half >> 4, (half >> 1) & 7);
    return decodeUnits(unit, 8 * count, load, scale, min);
  },
  encode(values, count, [codes, scales]) {
    const code = viewOf(codes!);
    encodeUnits(values, count, scales!, 15, unit, (u) => unit.pack(code, 16 * u, 4));
  },
};
