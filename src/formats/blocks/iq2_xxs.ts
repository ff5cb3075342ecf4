import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { evenSigns, putGridEight } from './grid_codes.ts';
import { IQ2_XXS_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values in groups of eight: magnitudes from a grid of 256 entries and eight signs, of which 7 are stored and the
 * eighth makes their number even; of each 32 a scale s of 4 bits, and for all of them d in float16:
 * value = d (s + 1/2) / 4 g. A block in a checkpoint is d, then for each 32 values four grid indices, and a word of
 * signs, 7 bits a group, and s at the top (ggml's `block_iq2_xxs`).
 */
export const IQ2_XXS: BlockType = {
  name: 'IQ2_XXS',
  ggml_type: 16,
  block_size: 256,
  block_bytes: 66,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 66, offset: 2, bytes: 64 }, codes!);
    copyField(blocks, count, { block_bytes: 66, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, scales], count) {
    const words = viewOf(codes!);
    const load = (u: number) => {
      const signs = words.getUint32(8 * u + 4, true);
      for (let g = 0; g < 4; g++) {
        putGridEight(
          unit,
          g,
          IQ2_XXS_GRID[codes![8 * u + g]!]!,
          evenSigns((signs >> (7 * g)) & 127),
        );
      }
    };
    const scale = (half: number) =>
      halfAt(scales!, half >> 4) *
      ((words.getUint32(8 * (half >> 1) + 4, true) >>> 28) + 0.5) *
      0.25;
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
