import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { putTernaryEight } from './grid_codes.ts';
import { IQ1_GRID } from './grids.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values in groups of eight, -1, 0 or 1, from a grid of 2048 entries; of each 32 a scale s of 3 bits and a shift t
 * of 1/8 up or down, and for all of them d in float16: value = d (2 s + 1) (g + t). A block in a checkpoint is d, the
 * lowest 8 bits of 32 indices, and for each 32 values 16 bits: the indices' highest three bits, s, and whether t is
 * negative (ggml's `block_iq1_s`).
 */
export const IQ1_S: BlockType = {
  name: 'IQ1_S',
  ggml_type: 19,
  block_size: 256,
  block_bytes: 50,
  planes: [
    { name: 'codes', bytes_per_block: 32 },
    { name: 'highs', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, highs, scales]) {
    copyField(blocks, count, { block_bytes: 50, offset: 2, bytes: 32 }, codes!);
    copyField(blocks, count, { block_bytes: 50, offset: 34, bytes: 16 }, highs!);
    copyField(blocks, count, { block_bytes: 50, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, highs, scales], count) {
    const high = viewOf(highs!);
    const load = (u: number) => {
      const bits = high.getUint16(2 * u, true);
      const eighth = bits & 0x8000 ? -1 : 1;
      for (let g = 0; g < 4; g++) {
        const index = codes![4 * u + g]! | (((bits >> (3 * g)) & 7) << 8);
        putTernaryEight(unit, g, IQ1_GRID[index]!, eighth);
      }
    };
    const scale = (half: number) => {
      const s = (high.getUint16(2 * (half >> 1), true) >> 12) & 7;
      return (halfAt(scales!, half >> 4) * (2 * s + 1)) / 8;
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
