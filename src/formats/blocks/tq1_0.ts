import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

const DIGIT_PLACES = [1, 3, 9, 27, 81];

/**
 * 256 values of -1, 0 or 1 as digits q of base 3, with one float16 scale d: value = d (q - 1). A block in a checkpoint
 * is 52 bytes of digits, d (ggml's `block_tq1_0`). A byte is a fraction of 256 whose digits are five values (the last
 * four bytes: four) that are as many apart as there are bytes like it: 32, then 16, then 4.
 */
export const TQ1_0: BlockType = {
  name: 'TQ1_0',
  ggml_type: 34,
  block_size: 256,
  block_bytes: 54,
  planes: [
    { name: 'codes', bytes_per_block: 52 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 54, offset: 0, bytes: 52 }, codes!);
    copyField(blocks, count, { block_bytes: 54, offset: 52, bytes: 2 }, scales!);
  },
  decode([codes, scales], count) {
    const load = (u: number) => {
      for (let i = 0; i < 32; i++) unit.codes[i] = digit(codes!, 52 * (u >> 3), 32 * (u & 7) + i);
      unit.shift(-1);
    };
    return decodeUnits(unit, 8 * count, load, (half) => halfAt(scales!, half >> 4));
  },
};

/** Digit i of 256. */
function digit(codes: Uint8Array, at: number, i: number): number {
  const [from, first, bytes] = i < 160 ? [0, 0, 32] : i < 240 ? [160, 32, 16] : [240, 48, 4];
  const byte = codes[at + first + ((i - from) % bytes)]!;
  const shifted = (byte * DIGIT_PLACES[Math.floor((i - from) / bytes)]!) & 255;
  return (3 * shifted) >> 8;
}
