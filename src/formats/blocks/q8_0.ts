import type { BlockType } from '../block_type.ts';
import { copyField } from './copy_field.ts';
import { halfAt, putHalf } from './half.ts';

/**
 * 32 values as signed bytes q with one float16 scale d: value = d * q. A block in a checkpoint is d, q[32]
 * (ggml's `block_q8_0`).
 */
export const Q8_0: BlockType = {
  name: 'Q8_0',
  ggml_type: 8,
  block_size: 32,
  block_bytes: 34,
  planes: [
    { name: 'codes', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 34, offset: 2, bytes: 32 }, codes!);
    copyField(blocks, count, { block_bytes: 34, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, scales], count) {
    const values = new Float32Array(32 * count);
    for (let b = 0; b < count; b++) {
      const d = halfAt(scales!, b);
      for (let i = 32 * b; i < 32 * (b + 1); i++) {
        values[i] = d * ((codes![i]! << 24) >> 24);
      }
    }
    return values;
  },
  /** As ggml does it, bit for bit: the largest becomes 127, halves are rounded away from zero. */
  encode(values, count, [codes, scales]) {
    for (let b = 0; b < count; b++) {
      const block = values.subarray(32 * b, 32 * (b + 1));
      const d = Math.fround(largestOf(block) / 127);
      const inverse = d === 0 ? 0 : Math.fround(1 / d);
      putHalf(scales!, b, d);
      for (let i = 0; i < 32; i++) {
        const scaled = Math.fround(block[i]! * inverse);
        codes![32 * b + i] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
      }
    }
  },
};

function largestOf(values: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}
