import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values of 2 bits q; of each 16 a scale s and a minimum t of 4 bits, and for all of them d and e in float16:
 * value = d s q - e t. A block in a checkpoint is 16 bytes t, s (high and low nibble), 64 bytes of codes, d, e (ggml's
 * `block_q2_K`). Of 128 values, 32 bytes hold value i, 32 + i, 64 + i and 96 + i, from the lowest bits up.
 */
export const Q2_K: BlockType = {
  name: 'Q2_K',
  ggml_type: 10,
  block_size: 256,
  block_bytes: 84,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'scales', bytes_per_block: 16 },
    { name: 'supers', bytes_per_block: 4 },
  ],
  split(blocks, count, [codes, scales, supers]) {
    copyField(blocks, count, { block_bytes: 84, offset: 0, bytes: 16 }, scales!);
    copyField(blocks, count, { block_bytes: 84, offset: 80, bytes: 4 }, supers!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    for (let u = 0; u < 8 * count; u++) {
      unit.take(source, 84 * (u >> 3) + 16 + 32 * ((u >> 2) & 1), 2 * (u & 3), 2);
      unit.pack(code, 8 * u, 2);
    }
  },
  decode([codes, scales, supers], count) {
    const load = (u: number) => unit.unpack(codes!, 8 * u, 2);
    const scale = (half: number) => halfAt(supers!, 2 * (half >> 4)) * (scales![half]! & 15);
    const min = (half: number) => -halfAt(supers!, 2 * (half >> 4) + 1) * (scales![half]! >> 4);
    return decodeUnits(unit, 8 * count, load, scale, min);
  },
};
