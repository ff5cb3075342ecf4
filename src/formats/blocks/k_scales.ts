import { halfAt } from './half.ts';

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
