import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { putTernaryEight } from './grid_codes.ts';
import { IQ1_GRID } from './grids.ts';
import { halfToFloat } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values in groups of eight, from the grid of IQ1_S; of each 16 a scale s of 3 bits, of each 8 a shift t of 1/8 up
 * or down, and for all of them d in float16: value = d (2 s + 1) (g + t). A block in a checkpoint is the lowest 8 bits
 * of 32 indices, for each a nibble of the highest three bits and whether t is negative, and four words of 16 bits: four
 * scales each, and a quarter of d on top (ggml's `block_iq1_m`).
 */
export const IQ1_M: BlockType = {
  name: 'IQ1_M',
  ggml_type: 29,
  block_size: 256,
  block_bytes: 56,
  planes: [
    { name: 'codes', bytes_per_block: 32 },
    { name: 'highs', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 8 },
  ],
  split(blocks, count, [codes, highs, scales]) {
    copyField(blocks, count, { block_bytes: 56, offset: 0, bytes: 32 }, codes!);
    copyField(blocks, count, { block_bytes: 56, offset: 32, bytes: 16 }, highs!);
    copyField(blocks, count, { block_bytes: 56, offset: 48, bytes: 8 }, scales!);
  },
  decode([codes, highs, scales], count) {
    const view = viewOf(scales!);
    const load = (u: number) => {
      for (let g = 0; g < 4; g++) {
        const bits = highs![2 * u + (g >> 1)]! >> (4 * (g & 1));
        const index = codes![4 * u + g]! | ((bits & 7) << 8);
        putTernaryEight(unit, g, IQ1_GRID[index]!, bits & 8 ? -1 : 1);
      }
    };
    const scale = (half: number) => {
      const at = 8 * (half >> 4);
      let d = 0;
      for (let q = 0; q < 4; q++) d |= (view.getUint16(at + 2 * q, true) >> 12) << (4 * q);
      const s = (view.getUint16(at + 2 * ((half & 15) >> 2), true) >> (3 * (half & 3))) & 7;
      return (halfToFloat(d) * (2 * s + 1)) / 8;
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
