import type { BlockType } from '../block_type.ts';
import { CodeUnit } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
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
  /** As ggml does it, bit for bit: the value that lies furthest from zero becomes -8. */
  encode(values, count, [codes, scales]) {
    const code = viewOf(codes!);
    for (let b = 0; b < count; b++) {
      const block = values.subarray(32 * b, 32 * (b + 1));
      const furthest = block.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most));
      const d = Math.fround(furthest / -8);
      const inverse = d === 0 ? 0 : Math.fround(1 / d);
      putHalf(scales!, b, d);
      for (const [i, x] of block.entries()) {
        const q = Math.fround(Math.fround(x * inverse) + 8.5);
        unit.codes[i] = Math.min(15, q);
      }
      unit.pack(code, 16 * b, 4);
    }
  },
};
