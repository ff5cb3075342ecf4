import type { Kernel } from '../../src/gpu/kernel.ts';
import { withSinks } from '../../src/gpu/kernels.ts';
import { ROUNDING } from './accuracy.ts';
import { poisoned } from './lab.ts';
import { type AttentionOptions, alibiSlopes } from './reference/attention.ts';
import { kvAppend, type Pages } from './reference/kv_pages.ts';

export interface Shape extends AttentionOptions {
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
}

/** Tokens of one pass: some positions of a sequence, after those that the cache already holds. */
export interface Part {
  readonly sequence: number;
  readonly first: number;
  readonly length: number;
}

/** `[length, 2]` position and sequence */
export const positionsOf = ({ sequence }: Part, from: number, length: number): number[] =>
  Array.from({ length }, (_, i) => [from + i, sequence]).flat();

/** A cache that holds the rows of every position up to the last of each part, and NaN everywhere else. */
export function cacheOf(
  rows: (count: number) => Float32Array,
  parts: Part[],
  pages: Pages,
  width: number,
) {
  const cache = poisoned(pages.table.length * pages.page * width);
  for (const part of parts) {
    const length = part.first + part.length;
    kvAppend(cache, rows(length * width), Uint32Array.from(positionsOf(part, 0, length)), pages);
  }
  return cache;
}

/**
 * With |q|, |k| and |v| at most 1, a score is at most sqrt(head_dim) and has passed through head_dim + 2 roundings; the
 * weight made of it through WGSL's exp (3 + 2 |x| units in the last place, |x| at most twice the largest score, twice:
 * once more where the maximum moves on), and both sums over the keys through a rounding for each. Numerator and
 * denominator each carry that error.
 */
export function boundOf({ head_dim }: Shape, keys: number): number {
  const score = Math.sqrt(head_dim);
  const weight = (head_dim + 2) * score + 2 * (3 + 4 * score) * 2;
  return 2 * (weight + keys + 3) * ROUNDING;
}

/** Heads of a cache in whole quads, as kernels want them. */
export function inQuads(cache: Float32Array, head_dim: number): Float32Array<ArrayBuffer> {
  const places = Math.ceil(head_dim / 4) * 4;
  const padded = new Float32Array((cache.length / head_dim) * places);
  for (let head = 0; head < cache.length / head_dim; head++) {
    padded.set(cache.subarray(head * head_dim, (head + 1) * head_dim), head * places);
  }
  return padded;
}

/** The inverse; what lies between the heads must be zero. */
export function outOfQuads(padded: Float32Array, head_dim: number): Float32Array {
  const places = Math.ceil(head_dim / 4) * 4;
  if (padded.some((value, i) => i % places >= head_dim && value !== 0)) {
    throw new Error('something was written between the heads');
  }
  return padded.filter((_, i) => i % places < head_dim);
}

/** The kernel for such options, and the planes that it takes for them. */
export const sinking = (kernel: Kernel, { sinks }: AttentionOptions) => ({
  kernel: sinks ? withSinks(kernel) : kernel,
  planes: sinks && [new Uint8Array(Float32Array.from(sinks).buffer)],
});

/** Options of attention as a kernel's constants. */
export const optionConstants = ({ window, cap, slopes }: AttentionOptions) => ({
  ...(window && { WINDOW: window }),
  ...(cap && { SOFTCAP: cap }),
  ...(slopes && { ALIBI: true }),
});

/** What may become of scores and of what is seen; `heads` query heads. */
export const optionsFor = (heads: number): AttentionOptions[] => [
  { window: 1 },
  { window: 50 },
  { window: 130, cap: 0.5 },
  { slopes: alibiSlopes(heads) },
  // Below all scores, among them, and far above.
  { window: 50, sinks: Array.from({ length: heads }, (_, head) => [-30, 0.5, 3, 300][head % 4]!) },
];
