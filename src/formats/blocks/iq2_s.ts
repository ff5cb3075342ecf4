import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField } from './copy_field.ts';
import { putGridEight } from './grid_codes.ts';
import { IQ2_S_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values in groups of eight: magnitudes from a grid of 1024 entries and eight signs; of each 16 a scale s of 4 bits,
 * and for all of them d in float16: value = d (s + 1/2) / 4 g. A block in a checkpoint is d, the lowest 8 bits of 32
 * indices, 32 bytes of signs, the indices' highest two bits, s[16] (ggml's `block_iq2_s`).
 */
export const IQ2_S: BlockType = {
  name: 'IQ2_S',
  ggml_type: 22,
  block_size: 256,
  block_bytes: 82,
  planes: [
    { name: 'codes', bytes_per_block: 32 },
    { name: 'signs', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 16 },
    { name: 'supers', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, signs, scales, supers]) {
    copyField(blocks, count, { block_bytes: 82, offset: 2, bytes: 32 }, codes!);
    copyField(blocks, count, { block_bytes: 82, offset: 34, bytes: 32 }, signs!);
    // Eight bytes of highest bits, then eight of scales.
    copyField(blocks, count, { block_bytes: 82, offset: 66, bytes: 16 }, scales!);
    copyField(blocks, count, { block_bytes: 82, offset: 0, bytes: 2 }, supers!);
  },
  decode([codes, signs, scales, supers], count) {
    const load = (u: number) => {
      const highs = scales![16 * (u >> 3) + (u & 7)]!;
      for (let g = 0; g < 4; g++) {
        const index = codes![4 * u + g]! | (((highs >> (2 * g)) & 3) << 8);
        putGridEight(unit, g, IQ2_S_GRID[index]!, signs![4 * u + g]!);
      }
    };
    const scale = (half: number) => {
      const byte = scales![16 * (half >> 4) + 8 + ((half >> 1) & 7)]!;
      return halfAt(supers!, half >> 4) * (((byte >> (4 * (half & 1))) & 15) + 0.5) * 0.25;
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
