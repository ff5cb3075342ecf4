import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeAround } from './ggml_codes.ts';
import { halfAt, putHalf } from './half.ts';

const unit = new CodeUnit();

/**
 * 32 values of 5 bits q with one float16 scale d: value = d * (q - 16). A block in a checkpoint is d, a word whose bit
 * i is the highest of value i, and 16 bytes as in Q4_0 (ggml's `block_q5_0`).
 */
export const Q5_0: BlockType = {
  name: 'Q5_0',
  ggml_type: 6,
  block_size: 32,
  block_bytes: 22,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'highs', bytes_per_block: 4 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, highs, scales]) {
    copyField(blocks, count, { block_bytes: 22, offset: 6, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 22, offset: 0, bytes: 2 }, scales!);
    const source = viewOf(blocks);
    const high = viewOf(highs!);
    for (let b = 0; b < count; b++) {
      unit.takeBits(source.getUint32(22 * b + 2, true));
      unit.pack(high, 4 * b, 1);
    }
  },
  decode([codes, highs, scales], count) {
    const load = (b: number) => {
      unit.unpack(codes!, 16 * b, 4);
      unit.addHigh(highs!, 4 * b, 1, 4);
      unit.shift(-16);
    };
    return decodeUnits(unit, count, load, (half) => halfAt(scales!, half >> 1));
  },
  encode(values, count, [codes, highs, scales]) {
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let b = 0; b < count; b++) {
      putHalf(scales!, b, encodeAround(16, values.subarray(32 * b, 32 * (b + 1)), unit));
      unit.pack(code, 16 * b, 4);
      unit.pack(high, 4 * b, 1, 4);
    }
  },
};
