import { expect, test } from 'vitest';
import { ropeTurns } from '../../src/engine/rope.ts';
import { rope_append } from '../../src/gpu/kernels.ts';
import { plainRope } from '../../src/model/config.ts';
import { firstDifference, ROUNDING, worstError } from './accuracy.ts';
import { inQuads, outOfQuads } from './attention_cases.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { kvAppend } from './reference/kv_pages.ts';
import { rope } from './reference/rope.ts';

const lab = new Lab(await openDevice());

/** Each result is the sum of two products; cosine and sine, the products and the sum are rounded once each. */
const ROUNDINGS = 3;

/** (position, sequence) of tokens of three sequences, over the borders of pages. */
const PASSES = [
  [[0, 0]],
  [[63, 1]],
  [
    [62, 2],
    [63, 2],
    [64, 2],
    [65, 2],
    [0, 0],
  ],
  [...Array(130).keys()].map((i) => [i, 1]),
];

interface Case {
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
  readonly rope_dim: number;
  readonly theta: number;
  readonly style?: 'neighbours' | 'halves';
}

test.each<Case>([
  { heads: 1, kv_heads: 1, head_dim: 4, rope_dim: 4, theta: 10000 },
  { heads: 9, kv_heads: 3, head_dim: 64, rope_dim: 64, theta: 100000 },
  { heads: 3, kv_heads: 1, head_dim: 20, rope_dim: 20, theta: 10000 },
  { heads: 5, kv_heads: 5, head_dim: 80, rope_dim: 32, theta: 10000 },
  { heads: 2, kv_heads: 1, head_dim: 256, rope_dim: 256, theta: 1e6 },
  { heads: 3, kv_heads: 1, head_dim: 64, rope_dim: 48, theta: 10000, style: 'halves' },
  { heads: 2, kv_heads: 2, head_dim: 6, rope_dim: 6, theta: 10000, style: 'halves' },
  { heads: 3, kv_heads: 3, head_dim: 7, rope_dim: 4, theta: 10000, style: 'halves' },
])(
  '$heads query and $kv_heads key heads of $head_dim dimensions turn their first $rope_dim, and the cache gets its rows',
  async ({ heads, kv_heads, head_dim, rope_dim, theta, style = 'neighbours' }: Case) => {
    const pages = { page: 64, max_pages: 3, table: shuffled(9, 1) };
    const width = (heads + 2 * kv_heads) * head_dim;
    const kv_width = kv_heads * head_dim;
    for (const pass of PASSES) {
      const tokens = Uint32Array.from(pass.flat());
      const positions = Uint32Array.from(pass, ([position]) => position!);
      const qkv = randomFloats(pass.length * width, pass.length);
      const turns = ropeTurns(plainRope(rope_dim, theta, style), positions, 8192);
      const empty = poisoned(9 * 64 * kv_width);
      const quads = inQuads(empty, head_dim);
      const partner = (i: number): number => {
        if (style === 'neighbours') return i ^ 1;
        const d = i % head_dim;
        return i - d + ((d + rope_dim / 2) % rope_dim);
      };
      const constants = {
        HEADS: heads,
        KV_HEADS: kv_heads,
        HEAD_DIM: head_dim,
        ROPE_DIM: rope_dim,
        HALVES: style === 'halves',
        PAGE: 64,
        MAX_PAGES: 3,
      };
      const { qkv: turned, ...cached } = await lab.run(
        { kernel: rope_append, constants },
        { tokens, page_table: pages.table, turns, qkv, k_cache: quads, v_cache: quads },
        pass.length,
      );

      const k_cache = outOfQuads(cached.k_cache!, head_dim);
      const v_cache = outOfQuads(cached.v_cache!, head_dim);
      const part = (x: Float32Array, first: number, count: number) => {
        const rows = pass.flatMap((_, token) => [
          ...x.subarray(token * width + first, token * width + first + count),
        ]);
        return Float32Array.from(rows);
      };
      for (const [first, count] of [
        [0, heads],
        [heads, kv_heads],
      ] as const) {
        const before = part(qkv, first * head_dim, count * head_dim);
        const expected = rope(before, positions, {
          heads: count,
          head_dim,
          rope_dim,
          theta,
          style,
        });
        const bounds = before.map((value, i) =>
          i % head_dim < rope_dim
            ? ROUNDINGS * ROUNDING * (Math.abs(value) + Math.abs(before[partner(i)]!))
            : 0,
        );
        if (first === 0) {
          const actual = part(turned!, 0, count * head_dim);
          expect(worstError(actual, expected, bounds)).toBeLessThanOrEqual(1);
        } else {
          const cache = poisoned(empty.length);
          const allowed = new Float32Array(empty.length);
          kvAppend(cache, Float32Array.from(expected), tokens, pages);
          kvAppend(allowed, bounds, tokens, pages);
          const written = [...cache.keys()].filter((i) => !Number.isNaN(cache[i]!));
          const pick = (x: Float32Array) => Float32Array.from(written, (i) => x[i]!);
          // The expected values are rounded once more here.
          const bound = pick(allowed).map((b, i) => b + ROUNDING * Math.abs(cache[written[i]!]!));
          const actual = pick(k_cache);
          expect(worstError(actual, Float64Array.from(pick(cache)), bound)).toBeLessThanOrEqual(1);
          const rest = (x: Float32Array) => x.filter((_, i) => Number.isNaN(cache[i]!));
          expect(firstDifference(rest(k_cache), rest(empty))).toBe(-1);
        }
      }
      const expected = empty.slice();
      kvAppend(expected, part(qkv, (heads + kv_heads) * head_dim, kv_width), tokens, pages);
      expect(firstDifference(v_cache, expected)).toBe(-1);
    }
  },
);
