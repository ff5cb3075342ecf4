import type { CodeUnit } from './code_unit.ts';
import { clamp, type Fit, fitAffine } from './fit_codes.ts';
import { halfAt, putHalf } from './half.ts';

/**
 * The 16 bytes of scales of Q4_K and Q5_K, for eight units of 32 values: d and e in float16, then a scale and a
 * minimum of 6 bits each for every unit, in 12 bytes. Byte j of the first four is scale j, of the next four minimum j;
 * their two highest bits, and the nibbles of the last four, are scale and minimum j + 4.
 *
 * @returns d times scale u
 */
export function scaleOf(scales: Uint8Array, block: number, u: number): number {
  const at = 16 * block + 4 + (u & 3);
  const s = u < 4 ? scales[at]! & 63 : (scales[at + 8]! & 15) | ((scales[at]! >> 6) << 4);
  return halfAt(scales, 8 * block) * s;
}

/** @returns -e times minimum u */
export function minOf(scales: Uint8Array, block: number, u: number): number {
  const at = 16 * block + 4 + (u & 3);
  const t = u < 4 ? scales[at + 4]! & 63 : (scales[at + 8]! >> 4) | ((scales[at + 4]! >> 6) << 4);
  return -halfAt(scales, 8 * block + 1) * t;
}

/**
 * Blocks of Q4_K and Q5_K: scales and minimums by `fitAffine`, then for each value the nearest code, 0 to `most`.
 * @param put writes the codes in `unit`, those of unit u of all
 */
export function encodeUnits(
  values: Float32Array,
  count: number,
  scales: Uint8Array,
  most: number,
  unit: CodeUnit,
  put: (u: number) => void,
): void {
  for (let block = 0; block < count; block++) {
    const runs = Array.from({ length: 8 }, (_, u) =>
      values.subarray(32 * (8 * block + u), 32 * (8 * block + u + 1)),
    );
    putScales(
      scales,
      block,
      runs.map((run) => fitAffine(run, most)),
    );
    for (const [u, run] of runs.entries()) {
      const d = scaleOf(scales, block, u);
      const m = minOf(scales, block, u);
      for (let i = 0; i < run.length; i++) {
        unit.codes[i] = d === 0 ? 0 : clamp(Math.round((run[i]! - m) / d), 0, most);
      }
      put(8 * block + u);
    }
  }
}

/** Writes the scales and minimums of eight units, and d and e: the largest becomes 63. */
function putScales(scales: Uint8Array, block: number, fits: readonly Fit[]): void {
  const d = putHalf(scales, 8 * block, Math.max(...fits.map(({ scale }) => scale)) / 63);
  const e = putHalf(scales, 8 * block + 1, Math.max(...fits.map(({ min }) => -min)) / 63);
  const whole = (value: number, unit: number) =>
    unit === 0 ? 0 : clamp(Math.round(value / unit), 0, 63);
  for (let j = 0; j < 4; j++) {
    const [s, later_s] = [whole(fits[j]!.scale, d), whole(fits[j + 4]!.scale, d)];
    const [t, later_t] = [whole(-fits[j]!.min, e), whole(-fits[j + 4]!.min, e)];
    const at = 16 * block + 4 + j;
    scales[at] = s | ((later_s >> 4) << 6);
    scales[at + 4] = t | ((later_t >> 4) << 6);
    scales[at + 8] = (later_s & 15) | ((later_t & 15) << 4);
  }
}
