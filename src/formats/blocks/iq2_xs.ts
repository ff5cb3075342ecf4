import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { evenSigns, putGridEight } from './grid_codes.ts';
import { IQ2_XS_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values in groups of eight: magnitudes from a grid of 512 entries and signs as in IQ2_XXS; of each 16 a scale s of
 * 4 bits, and for all of them d in float16: value = d (s + 1/2) / 4 g. A block in a checkpoint is d, for each group 16
 * bits, the grid index below the signs, then s[16] (ggml's `block_iq2_xs`).
 */
export const IQ2_XS: BlockType = {
  name: 'IQ2_XS',
  ggml_type: 17,
  block_size: 256,
  block_bytes: 74,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'scales', bytes_per_block: 8 },
    { name: 'supers', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales, supers]) {
    copyField(blocks, count, { block_bytes: 74, offset: 2, bytes: 64 }, codes!);
    copyField(blocks, count, { block_bytes: 74, offset: 66, bytes: 8 }, scales!);
    copyField(blocks, count, { block_bytes: 74, offset: 0, bytes: 2 }, supers!);
  },
  decode([codes, scales, supers], count) {
    const view = viewOf(codes!);
    const load = (u: number) => {
      for (let g = 0; g < 4; g++) {
        const group = view.getUint16(8 * u + 2 * g, true);
        putGridEight(unit, g, IQ2_XS_GRID[group & 511]!, evenSigns(group >> 9));
      }
    };
    const scale = (half: number) => {
      const s = (scales![half >> 1]! >> (4 * (half & 1))) & 15;
      return halfAt(supers!, half >> 4) * (s + 0.5) * 0.25;
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
