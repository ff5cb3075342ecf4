import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { encodeUnits, minOf, scaleOf } from './k_scales.ts';

const unit = new CodeUnit();

/**
 * 256 values of 5 bits q, with scales as in Q4_K: value = d s q - e t. A block in a checkpoint is 16 bytes of scales, 32
 * bytes whose bit u is the highest of value 32 u + i, 128 bytes of nibbles as in Q4_K (ggml's `block_q5_K`).
 */
export const Q5_K: BlockType = {
  name: 'Q5_K',
  ggml_type: 13,
  block_size: 256,
  block_bytes: 176,
  planes: [
    { name: 'codes', bytes_per_block: 128 },
    { name: 'highs', bytes_per_block: 32 },
    { name: 'scales', bytes_per_block: 16 },
  ],
  split(blocks, count, [codes, highs, scales]) {
    copyField(blocks, count, { block_bytes: 176, offset: 0, bytes: 16 }, scales!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let u = 0; u < 8 * count; u++) {
      const block = 176 * (u >> 3);
      unit.take(source, block + 48 + 32 * ((u >> 1) & 3), 4 * (u & 1), 4);
      unit.pack(code, 16 * u, 4);
      unit.take(source, block + 16, u & 7, 1);
      unit.pack(high, 4 * u, 1);
    }
  },
  decode([codes, highs, scales], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 16 * u, 4);
      unit.addHigh(highs!, 4 * u, 1, 4);
    };
    const scale = (half: number) => scaleOf(scales!, half >> 4, (half >> 1) & 7);
    const min = (half: number) => minOf(scales!, half >> 4, (half >> 1) & 7);
    return decodeUnits(unit, 8 * count, load, scale, min);
  },
  encode(values, count, [codes, highs, scales]) {
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    encodeUnits(values, count, scales!, 31, unit, (u) => {
      unit.pack(code, 16 * u, 4);
      unit.pack(high, 4 * u, 1, 4);
    });
  },
};
