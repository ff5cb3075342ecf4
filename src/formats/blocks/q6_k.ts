import type { BlockType } from '../block_type.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField, viewOf } from './copy_field.ts';
import { clamp, fitScale } from './fit_codes.ts';
import { halfAt, putHalf } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values of 6 bits q; of each 16 a signed byte s as scale, and for all of them d in float16: value = d s (q - 32). A
 * block in a checkpoint is 128 bytes of nibbles, 64 of pairs, s[16], d (ggml's `block_q6_K`). Of 128 values, 64 bytes
 * hold the lowest four bits of value i and 64 + i, and 32 bytes the highest two of value i, 32 + i, 64 + i and 96 + i.
 */
export const Q6_K: BlockType = {
  name: 'Q6_K',
  ggml_type: 14,
  block_size: 256,
  block_bytes: 210,
  planes: [
    { name: 'codes', bytes_per_block: 128 },
    { name: 'highs', bytes_per_block: 64 },
    { name: 'scales', bytes_per_block: 16 },
    { name: 'supers', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, highs, scales, supers]) {
    copyField(blocks, count, { block_bytes: 210, offset: 192, bytes: 16 }, scales!);
    copyField(blocks, count, { block_bytes: 210, offset: 208, bytes: 2 }, supers!);
    const source = viewOf(blocks);
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let u = 0; u < 8 * count; u++) {
      const block = 210 * (u >> 3);
      const part = (u >> 2) & 1;
      unit.take(source, block + 64 * part + 32 * (u & 1), 4 * ((u >> 1) & 1), 4);
      unit.pack(code, 16 * u, 4);
      unit.take(source, block + 128 + 32 * part, 2 * (u & 3), 2);
      unit.pack(high, 8 * u, 2);
    }
  },
  decode([codes, highs, scales, supers], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 16 * u, 4);
      unit.addHigh(highs!, 8 * u, 2, 4);
      unit.shift(-32);
    };
    const scale = (half: number) => halfAt(supers!, half >> 4) * ((scales![half]! << 24) >> 24);
    return decodeUnits(unit, 8 * count, load, scale);
  },
  /** Scales by `fitScale`, the one furthest from zero becoming -128, then for each value the nearest code. */
  encode(values, count, [codes, highs, scales, supers]) {
    const code = viewOf(codes!);
    const high = viewOf(highs!);
    for (let b = 0; b < count; b++) {
      const fits = Array.from({ length: 16 }, (_, half) => {
        const at = 16 * (16 * b + half);
        return fitScale(values.subarray(at, at + 16), 32).scale;
      });
      const furthest = fits.reduce((most, s) => (Math.abs(s) > Math.abs(most) ? s : most), 0);
      const d = putHalf(supers!, b, furthest / -128);
      for (const [half, s] of fits.entries()) {
        const whole = d === 0 ? 0 : clamp(Math.round(s / d), -128, 127);
        scales![16 * b + half] = whole;
        for (let i = 0; i < 16; i++) {
          const x = values[16 * (16 * b + half) + i]!;
          const q = whole === 0 ? 0 : clamp(Math.round(x / (d * whole)), -32, 31);
          unit.codes[16 * (half % 2) + i] = q + 32;
        }
        if (half % 2 === 0) continue;
        const u = 8 * b + (half >> 1);
        unit.pack(code, 16 * u, 4);
        unit.pack(high, 8 * u, 2, 4);
      }
    }
  },
};
