import type { BlockType } from '../block_type.ts';
import { CodeUnit } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeAround } from './ggml_codes.ts';
import { halfAt, putHalf } from './half.ts';

const unit = new CodeUnit();

/**
 * 32 values of 4 bits q with one float16 scale d: value = d * (q - 8). A block in a checkpoint is d, then 16
 * bytes; byte i holds value i in its low nibble and value 16 + i in its high one (ggml's `block_q4_0`).
 */
export const Q4_0: BlockType = {
  name: 'Q4_0',
  ggml_type: 2,
  block_size: 32,
  block_bytes: 18,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 18, offset: 2, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 18, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, scales], count) {
    const values = new Float32Array(32 * count);
    for (let b = 0; b < count; b++) {
      const d = halfAt(scales!, b);
      for (let i = 0; i < 16; i++) {
        const code = codes![16 * b + i]!;
        values[32 * b + i] = d * ((code & 15) - 8);
        values[32 * b + 16 + i] = d * ((code >> 4) - 8);
      }
    }
    return values;
  },
  encode(values, count, [codes, scales]) {
    const code = viewOf(codes!);
    for (let b = 0; b < count; b++) {
      putHalf(scales!, b, encodeAround(8, values.subarray(32 * b, 32 * (b + 1)), unit));
      unit.pack(code, 16 * b, 4);
    }
  },
};
