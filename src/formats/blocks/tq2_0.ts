import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values of -1, 0 or 1 as 2 bits q, with one float16 scale d: value = d (q - 1). A block in a checkpoint is 64 bytes
 * of codes as in Q2_K, then d (ggml's `block_tq2_0`).
 */
export const TQ2_0: BlockType = {
  name: 'TQ2_0',
  ggml_type: 35,
  block_size: 256,
  block_bytes: 66,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 66, offset: 64, bytes: 2 }, scales!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    for (let u = 0; u < 8 * count; u++) {
      unit.take(source, 66 * (u >> 3) + 32 * ((u >> 2) & 1), 2 * (u & 3), 2);
      unit.pack(code, 8 * u, 2);
    }
  },
  decode([codes, scales], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 8 * u, 2);
      unit.shift(-1);
    };
    return decodeUnits(unit, 8 * count, load, (half) => halfAt(scales!, half >> 4));
  },
};
