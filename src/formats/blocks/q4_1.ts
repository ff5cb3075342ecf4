import type { BlockType } from '../block_type.ts';
import { CodeUnit } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeBetween } from './ggml_codes.ts';
import { halfAt, putHalf } from './half.ts';

const unit = new CodeUnit();

/**
 * 32 values of 4 bits q with a float16 scale d and a float16 minimum m: value = d * q + m. A block in a checkpoint
 * is d, m, then 16 bytes; byte i holds value i in its low nibble and value 16 + i in its high one (ggml's `block_q4_1`).
 */
export const Q4_1: BlockType = {
  name: 'Q4_1',
  ggml_type: 3,
  block_size: 32,
  block_bytes: 20,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 2 },
    { name: 'mins', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales, mins]) {
    copyField(blocks, count, { block_bytes: 20, offset: 4, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 20, offset: 0, bytes: 2 }, scales!);
    copyField(blocks, count, { block_bytes: 20, offset: 2, bytes: 2 }, mins!);
  },
  decode([codes, scales, mins], count) {
    const values = new Float32Array(32 * count);
    for (let b = 0; b < count; b++) {
      const d = halfAt(scales!, b);
      const m = halfAt(mins!, b);
      for (let i = 0; i < 16; i++) {
        const code = codes![16 * b + i]!;
        // float32 arithmetic: the product rounded, then the sum.
        values[32 * b + i] = Math.fround(d * (code & 15)) + m;
        values[32 * b + 16 + i] = Math.fround(d * (code >> 4)) + m;
      }
    }
    return values;
  },
  encode(values, count, [codes, scales, mins]) {
    const code = viewOf(codes!);
    for (let b = 0; b < count; b++) {
      const { d, m } = encodeBetween(15, values.subarray(32 * b, 32 * (b + 1)), unit);
      putHalf(scales!, b, d);
      putHalf(mins!, b, m);
      unit.pack(code, 16 * b, 4);
    }
  },
};
