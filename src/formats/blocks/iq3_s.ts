import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { putGridFour } from './grid_codes.ts';
import { IQ3_S_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/** The levels of the grid. */
const LEVELS = [1, 3, 5, 7, 9, 11, 13, 15];

/**
 * 256 values in groups of four: magnitudes from a grid of 512 entries, and a sign each; of each 32 a scale s of 4 bits,
 * and for all of them d in float16: value = d (2 s + 1) g. A block in a checkpoint is d, the lowest 8 bits of 64
 * indices, their highest bits, 32 bytes of signs, s[8] (ggml's `block_iq3_s`).
 */
export const IQ3_S: BlockType = {
  name: 'IQ3_S',
  ggml_type: 21,
  block_size: 256,
  block_bytes: 110,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'highs', bytes_per_block: 8 },
    { name: 'signs', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 6 },
  ],
  split(blocks, count, [codes, highs, signs, scales]) {
    copyField(blocks, count, { block_bytes: 110, offset: 2, bytes: 64 }, codes!);
    copyField(blocks, count, { block_bytes: 110, offset: 66, bytes: 8 }, highs!);
    copyField(blocks, count, { block_bytes: 110, offset: 74, bytes: 32 }, signs!);
    const target = viewOf(scales!);
    const source = viewOf(blocks);
    for (let b = 0; b < count; b++) {
      target.setUint16(6 * b, source.getUint16(110 * b, true), true);
      target.setUint32(6 * b + 2, source.getUint32(110 * b + 106, true), true);
    }
  },
  decode([codes, highs, signs, scales], count) {
    const load = (u: number) => {
      for (let g = 0; g < 8; g++) {
        const index = codes![8 * u + g]! | (((highs![u]! >> g) & 1) << 8);
        const four = signs![4 * u + (g >> 1)]! >> (4 * (g & 1));
        putGridFour(unit, g, IQ3_S_GRID[index]!, LEVELS, four);
      }
    };
    const scale = (half: number) => {
      const u = half >> 1;
      const s = (scales![6 * (u >> 3) + 2 + ((u & 7) >> 1)]! >> (4 * (u & 1))) & 15;
      return halfAt(scales!, 3 * (half >> 4)) * (2 * s + 1);
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
