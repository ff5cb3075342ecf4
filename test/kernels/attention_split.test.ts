import { expect, test } from 'vitest';
import { ropeTurns } from '../../src/engine/rope.ts';
import { attention_merge, attention_split } from '../../src/gpu/kernels.ts';
import { plainRope, type RopeConfig } from '../../src/model/config.ts';
import { ROUNDING, rmsError, worstError } from './accuracy.ts';
import {
  boundOf,
  cacheOf,
  inQuads,
  optionConstants,
  optionsFor,
  outOfQuads,
  type Part,
  sinking,
} from './attention_cases.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { type AttentionOptions, attention } from './reference/attention.ts';
import { kvAppend, type Pages, rowOf } from './reference/kv_pages.ts';
import { rope } from './reference/rope.ts';

const lab = new Lab(await openDevice());
const THETA = 10_000;
/** Fewer than some tokens have pages. */
const SPLITS = 3;

/** The positions at which one token of each of some sequences stands. */
const PASSES: readonly (readonly [sequence: number, position: number])[][] = [
  [[0, 0]],
  [[1, 1]],
  [[2, 255]],
  [[0, 256]],
  [[1, 300]],
  [
    [2, 63],
    [0, 64],
    [1, 299],
  ],
];

interface Case {
  readonly group: number;
  readonly head_dim: number;
  readonly rope_dim: number;
  readonly style?: RopeConfig['style'];
  readonly options?: AttentionOptions;
}

const GROUPS: Case[] = [1, 3, 8].map((group) => ({ group, head_dim: 64, rope_dim: 64 }));
const WIDTHS: Case[] = [
  { group: 3, head_dim: 4, rope_dim: 4 },
  { group: 2, head_dim: 6, rope_dim: 4, style: 'halves' as const },
  { group: 3, head_dim: 64, rope_dim: 48, style: 'halves' as const },
  { group: 3, head_dim: 10, rope_dim: 0 },
  ...optionsFor(6).map((options) => ({ group: 3, head_dim: 20, rope_dim: 20, options })),
  { group: 3, head_dim: 20, rope_dim: 12 },
  { group: 2, head_dim: 80, rope_dim: 80 },
  { group: 4, head_dim: 128, rope_dim: 128 },
  { group: 1, head_dim: 256, rope_dim: 256 },
];

test.each([...GROUPS, ...WIDTHS])(
  'groups of $group heads of $head_dim dimensions turn, store and attend',
  async ({ group, head_dim, rope_dim, style = 'neighbours', options = {} }: Case) => {
    const kv_heads = 2;
    const shape = { heads: kv_heads * group, kv_heads, head_dim, ...options };
    const pages: Pages = { page: 64, max_pages: 5, table: shuffled(15, 5) };
    const kv_width = kv_heads * head_dim;
    for (const pass of PASSES) {
      const tokens = Uint32Array.from(pass.flatMap(([sequence, position]) => [position, sequence]));
      const positions = Uint32Array.from(pass, ([, position]) => position);
      let seed = 1;
      const rows = (count: number) => randomFloats(count, seed++);
      // The cache holds what came before; the token's own place holds NaN.
      const parts = pass.map(
        ([sequence, position]): Part => ({ sequence, first: 0, length: position }),
      );
      const before = parts.filter(({ length }) => length > 0);
      const k_cache = cacheOf(rows, before, pages, kv_width);
      const v_cache = cacheOf(rows, before, pages, kv_width);
      const q = randomFloats(pass.length * shape.heads * head_dim, 9);
      const k = randomFloats(pass.length * kv_width, 10);
      const v = randomFloats(pass.length * kv_width, 11);

      const sizes = { HEADS: shape.heads, HEAD_DIM: head_dim, PAGE: pages.page, SPLITS };
      const splits = pass.length * shape.heads * SPLITS;
      const result = await lab.run(
        {
          kernel: attention_split,
          constants: {
            ...sizes,
            KV_HEADS: kv_heads,
            ROPE_DIM: rope_dim,
            SCALE: 1 / Math.sqrt(head_dim),
            ...(style === 'halves' && { HALVES: true }),
            ...optionConstants(options),
            MAX_PAGES: pages.max_pages,
          },
        },
        {
          tokens,
          page_table: pages.table,
          turns: ropeTurns(plainRope(rope_dim || 2, THETA, style), positions, 8192),
          qkv: sideBySide(pass.length, [q, k, v]),
          k_cache: inQuads(k_cache, head_dim),
          v_cache: inQuads(v_cache, head_dim),
          parts: poisoned(splits * Math.ceil(head_dim / 4) * 4),
          weights: poisoned(splits * 2),
        },
        pass.length,
      );
      const { parts: sums, weights } = result;
      const { kernel, planes } = sinking(attention_merge, options);
      const { y } = await lab.run(
        {
          kernel,
          constants: { ...sizes, ...(options.window && { WINDOW: options.window }) },
        },
        { tokens, parts: sums!, weights: weights!, y: poisoned(q.length) },
        pass.length,
        planes,
      );

      const turned = (x: Float32Array, heads: number) =>
        Float32Array.from(rope(x, positions, { heads, head_dim, rope_dim, theta: THETA, style }));
      const keys = turned(k, kv_heads);
      const [k_after, v_after] = [k_cache.slice(), v_cache.slice()];
      kvAppend(k_after, keys, tokens, pages);
      kvAppend(v_after, v, tokens, pages);
      const expected = attention(turned(q, shape.heads), k_after, v_after, tokens, pages, shape);
      const longest = Math.max(...positions) + 1;
      // A turn makes |q| and |k| up to sqrt(2) as large, and adds three roundings to each.
      const bounds = expected.map(() => 2.5 * boundOf(shape, longest));
      expect(worstError(y!, expected, bounds), String(pass)).toBeLessThanOrEqual(1);
      const one = expected.map(() => 1);
      expect(rmsError(y!, expected, one), String(pass)).toBeLessThan(6 * ROUNDING);

      const after = {
        k: outOfQuads(result.k_cache!, head_dim),
        v: outOfQuads(result.v_cache!, head_dim),
      };
      // The cache has the token's rows in their places, and everything else as it was.
      for (const [token, [sequence, position]] of pass.entries()) {
        const at = rowOf(pages, sequence, position) * kv_width;
        const stored = after.k.subarray(at, at + kv_width);
        const own = keys.subarray(token * kv_width, (token + 1) * kv_width);
        expect(
          worstError(
            stored,
            Float64Array.from(own),
            own.map(() => 8 * ROUNDING),
          ),
        ).toBeLessThanOrEqual(1);
        k_after.set(stored, at);
      }
      expect(Buffer.compare(bytes(after.k), bytes(k_after))).toBe(0);
      expect(Buffer.compare(bytes(after.v), bytes(v_after))).toBe(0);
    }
  },
);

const bytes = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/** Rows of several matrices as one row for each token. */
function sideBySide(tokens: number, parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const rows = Array.from({ length: tokens }, (_, token) =>
    parts.flatMap((part) => {
      const width = part.length / tokens;
      return [...part.subarray(token * width, (token + 1) * width)];
    }),
  );
  return Float32Array.from(rows.flat());
}
