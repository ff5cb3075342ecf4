import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values of 3 bits q; of each 16 a scale s of 6 bits, and for all of them d in float16: value = d (s - 32) (q - 4).
 * A block in a checkpoint is 32 bytes whose bit u is the highest of value 32 u + i, 64 bytes of codes as in Q2_K, 12
 * bytes of scales, d (ggml's `block_q3_K`).
 */
export const Q3_K: BlockType = {
  name: 'Q3_K',
  ggml_type: 11,
  block_size: 256,
  block_bytes: 110,
  planes: [
    { name: 'codes', bytes_per_block: 64 },
    { name: 'highs', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 12 },
    { name: 'supers', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, highs, scales, supers]) {
    copyField(blocks, count, { block_bytes: 110, offset: 96, bytes: 12 }, scales!);
    copyField(blocks, count, { block_bytes: 110, offset: 108, bytes: 2 }, supers!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let u = 0; u < 8 * count; u++) {
      const block = 110 * (u >> 3);
      unit.take(source, block + 32 + 32 * ((u >> 2) & 1), 2 * (u & 3), 2);
      unit.pack(code, 8 * u, 2);
      unit.take(source, block, u & 7, 1);
      unit.pack(high, 4 * u, 1);
    }
  },
  decode([codes, highs, scales, supers], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 8 * u, 2);
      unit.addHigh(highs!, 4 * u, 1, 2);
      unit.shift(-4);
    };
    const scale = (half: number) => {
      const block = half >> 4;
      return halfAt(supers!, block) * (sixBits(scales!, 12 * block, half & 15) - 32);
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};

/** Scale i of 16: four bits in the nibbles of 8 bytes, low ones first, two in the pairs of the 4 bytes after them. */
function sixBits(scales: Uint8Array, at: number, i: number): number {
  const low = (scales[at + (i & 7)]! >> (4 * (i >> 3))) & 15;
  const high = (scales[at + 8 + (i & 3)]! >> (2 * (i >> 2))) & 3;
  return low | (high << 4);
}
