import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeBetween } from './ggml_codes.ts';
import { halfAt, putHalf } from './half.ts';

const unit = new CodeUnit();

/**
 * 32 values of 5 bits q with a float16 scale d and a float16 minimum m: value = d * q + m. A block in a checkpoint is
 * d, m, a word whose bit i is the highest of value i, and 16 bytes as in Q4_1 (ggml's `block_q5_1`).
 */
export const Q5_1: BlockType = {
  name: 'Q5_1',
  ggml_type: 7,
  block_size: 32,
  block_bytes: 24,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'highs', bytes_per_block: 4 },
    { name: 'scales', bytes_per_block: 2 },
    { name: 'mins', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, highs, scales, mins]) {
    copyField(blocks, count, { block_bytes: 24, offset: 8, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 24, offset: 0, bytes: 2 }, scales!);
    copyField(blocks, count, { block_bytes: 24, offset: 2, bytes: 2 }, mins!);
    const source = viewOf(blocks);
    const high = viewOf(highs!);
    for (let b = 0; b < count; b++) {
      unit.takeBits(source.getUint32(24 * b + 4, true));
      unit.pack(high, 4 * b, 1);
    }
  },
  decode([codes, highs, scales, mins], count) {
    const load = (b: number) => {
      unit.unpack(codes!, 16 * b, 4);
      unit.addHigh(highs!, 4 * b, 1, 4);
    };
    const scale = (half: number) => halfAt(scales!, half >> 1);
    return decodeUnits(unit, count, load, scale, (half) => halfAt(mins!, half >> 1));
  },
  encode(values, count, [codes, highs, scales, mins]) {
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let b = 0; b < count; b++) {
      const { d, m } = encodeBetween(31, values.subarray(32 * b, 32 * (b + 1)), unit);
      putHalf(scales!, b, d);
      putHalf(mins!, b, m);
      unit.pack(code, 16 * b, 4);
      unit.pack(high, 4 * b, 1, 4);
    }
  },
};
