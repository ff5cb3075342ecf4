import type { CodeUnit } from './code_unit.ts';

// The codes of 32 values as ggml finds them, bit for bit: what it computes in float32 is rounded here.

/**
 * For value = d (q - half), q from 0 to 2 half - 1: the value that lies furthest from zero becomes 0.
 * @returns d
 */
export function encodeAround(half: number, values: Float32Array, unit: CodeUnit): number {
  let furthest = values[0]!;
  for (let i = 1; i < 32; i++) {
    if (Math.abs(values[i]!) > Math.abs(furthest)) furthest = values[i]!;
  }
  const d = Math.fround(furthest / -half);
  const inverse = d === 0 ? 0 : Math.fround(1 / d);
  for (let i = 0; i < 32; i++) {
    const q = Math.fround(Math.fround(values[i]! * inverse) + half + 0.5);
    unit.codes[i] = Math.min(2 * half - 1, q);
  }
  return d;
}

/** For value = d q + m, q from 0 to `most`: the smallest value becomes 0, the largest `most`. */
export function encodeBetween(
  most: number,
  values: Float32Array,
  unit: CodeUnit,
): { d: number; m: number } {
  let least = values[0]!;
  let largest = least;
  for (let i = 1; i < 32; i++) {
    least = Math.min(least, values[i]!);
    largest = Math.max(largest, values[i]!);
  }
  const d = Math.fround(Math.fround(largest - least) / most);
  const inverse = d === 0 ? 0 : Math.fround(1 / d);
  for (let i = 0; i < 32; i++) {
    const q = Math.fround(Math.fround(Math.fround(values[i]! - least) * inverse) + 0.5);
    unit.codes[i] = Math.min(most, q);
  }
  return { d, m: least };
}
