import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { evenSigns, putGridFour } from './grid_codes.ts';
import { IQ3_XXS_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/** The levels of the grid. */
const LEVELS = [4, 12, 20, 28, 36, 44, 52, 62];

/**
 * 256 values in groups of four: magnitudes from a grid of 256 entries, and for two groups signs as in IQ2_XXS; of each
 * 32 a scale s of 4 bits, and for all of them d in float16: value = d (s + 1/2) / 2 g. A block in a checkpoint is d, 64
 * grid indices, then for each 32 values a word of signs, 7 bits for eight, and s at the top (ggml's `block_iq3_xxs`).
 */
export const IQ3_XXS: BlockType = {
  name: 'IQ3_XXS',
  ggml_type: 18,
  block_size: 256,
  block_bytes: 98,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'signs', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, signs, scales]) {
    copyField(blocks, count, { block_bytes: 98, offset: 2, bytes: 64 }, codes!);
    copyField(blocks, count, { block_bytes: 98, offset: 66, bytes: 32 }, signs!);
    copyField(blocks, count, { block_bytes: 98, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, signs, scales], count) {
    const words = viewOf(signs!);
    const load = (u: number) => {
      const word = words.getUint32(4 * u, true);
      for (let g = 0; g < 8; g++) {
        const eight = evenSigns((word >> (7 * (g >> 1))) & 127);
        putGridFour(unit, g, IQ3_XXS_GRID[codes![8 * u + g]!]!, LEVELS, eight >> (4 * (g & 1)));
      }
    };
    const scale = (half: number) => {
      const s = words.getUint32(4 * (half >> 1), true) >>> 28;
      return halfAt(scales!, half >> 4) * (s + 0.5) * 0.5;
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
