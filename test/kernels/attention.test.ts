import { describe, expect, test } from 'vitest';
import { spansOf } from '../../src/engine/batch.ts';
import type { Kernel } from '../../src/gpu/kernel.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { config } from '../unit/engine/config.ts';
import { ROUNDING, rmsError, worstError } from './accuracy.ts';
import {
  boundOf,
  cacheOf,
  inQuads,
  optionConstants,
  optionsFor,
  type Part,
  positionsOf,
  type Shape,
  sinking,
} from './attention_cases.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { attention as reference } from './reference/attention.ts';
import type { Pages } from './reference/kv_pages.ts';

const gpu = await openDevice();
const lab = new Lab(gpu);
/** The one for every device, and where it can run the one for subgroups of four. */
const KERNELS =
  gpu.subgroup_size === 4 ? [kernels.attention, kernels.attention_quad] : [kernels.attention];

async function run(
  kernel: Kernel,
  shape: Shape,
  parts: Part[],
  pages: Pages,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
) {
  const { heads, kv_heads, head_dim } = shape;
  const tokens = Uint32Array.from(
    parts.flatMap((part) => positionsOf(part, part.first, part.length)),
  );
  const sequences = tokens.filter((_, i) => i % 2 === 1);
  const model = { ...config, num_attention_heads: heads, num_key_value_heads: kv_heads };
  const spans = spansOf(sequences, model);
  const constants = {
    HEADS: heads,
    KV_HEADS: kv_heads,
    HEAD_DIM: head_dim,
    SCALE: 1 / Math.sqrt(head_dim),
    ...optionConstants(shape),
    PAGE: pages.page,
    MAX_PAGES: pages.max_pages,
  };
  // Only the queries count: keys and values are in the cache already.
  const width = heads * head_dim;
  const stride = (heads + 2 * kv_heads) * head_dim;
  const qkv = poisoned((q.length / width) * stride);
  for (let token = 0; token < q.length / width; token++) {
    qkv.set(q.subarray(token * width, (token + 1) * width), token * stride);
  }
  const ending = sinking(kernel, shape);
  const { y } = await lab.run(
    { kernel: ending.kernel, constants },
    {
      spans,
      tokens,
      page_table: pages.table,
      qkv,
      k_cache: inQuads(k, head_dim),
      v_cache: inQuads(v, head_dim),
      y: poisoned(q.length),
    },
    spans.length / 2,
    ending.planes,
  );
  return { y: y!, expected: reference(q, k, v, tokens, pages, shape) };
}

/** Several sequences in one pass: prompts of one and of many tokens, and tokens that follow a cache. */
const PASSES: Record<string, Part[]> = {
  'one token alone': [{ sequence: 0, first: 0, length: 1 }],
  'a token behind 199 others': [{ sequence: 1, first: 199, length: 1 }],
  'a prompt of 65 tokens': [{ sequence: 0, first: 0, length: 65 }],
  'three sequences at once': [
    { sequence: 2, first: 60, length: 7 },
    { sequence: 0, first: 63, length: 1 },
    { sequence: 1, first: 0, length: 3 },
  ],
};

const GROUPS = [1, 3, 5, 8].map((group) => ({ group, head_dim: 64 }));
const WIDTHS = [2, 7, 20, 50, 80, 128, 256].map((head_dim) => ({ group: 3, head_dim }));

describe.each(KERNELS)('$label', (kernel) => {
  test.each([...GROUPS, ...WIDTHS])(
    'groups of $group heads of $head_dim dimensions attend to all that they may see',
    async ({ group, head_dim }) => {
      const shape = { heads: 2 * group, kv_heads: 2, head_dim };
      const pages = { page: 64, max_pages: 4, table: shuffled(12, 5) };
      for (const [pass, parts] of Object.entries(PASSES)) {
        let seed = 1;
        const rows = (count: number) => randomFloats(count, seed++);
        const k = cacheOf(rows, parts, pages, 2 * head_dim);
        const v = cacheOf(rows, parts, pages, 2 * head_dim);
        const tokens = parts.reduce((sum, { length }) => sum + length, 0);
        const q = randomFloats(tokens * shape.heads * head_dim, 9);
        const { y, expected } = await run(kernel, shape, parts, pages, q, k, v);
        const bound = expected.map(() => boundOf(shape, 200));
        expect(worstError(y, expected, bound), pass).toBeLessThanOrEqual(1);
        // Errors of random sign mostly cancel: their root mean square is a few roundings of a value of 1.
        const one = expected.map(() => 1);
        expect(rmsError(y, expected, one), pass).toBeLessThan(4 * ROUNDING);
      }
    },
  );

  test.each(optionsFor(6))('a window, a cap, slopes and sinks: %j', async (options) => {
    const shape = { heads: 6, kv_heads: 2, head_dim: 10, ...options };
    const pages = { page: 64, max_pages: 4, table: shuffled(12, 5) };
    for (const [pass, parts] of Object.entries(PASSES)) {
      let seed = 1;
      const rows = (count: number) => randomFloats(count, seed++, 2);
      const [k, v] = [cacheOf(rows, parts, pages, 20), cacheOf(rows, parts, pages, 20)];
      const tokens = parts.reduce((sum, { length }) => sum + length, 0);
      const q = randomFloats(tokens * 60, 9);
      const { y, expected } = await run(kernel, shape, parts, pages, q, k, v);
      const bound = expected.map(() => 4 * boundOf(shape, 200));
      expect(worstError(y, expected, bound), pass).toBeLessThanOrEqual(1);
    }
  });

  test('pages may be smaller than a step of the kernel, and larger', async () => {
    const shape = { heads: 3, kv_heads: 1, head_dim: 20 };
    for (const page of [16, 100]) {
      const pages = { page, max_pages: 13, table: shuffled(39, 7) };
      const parts = [{ sequence: 1, first: 190, length: 5 }];
      const cache = cacheOf((count) => randomFloats(count, 3), parts, pages, 20);
      const q = randomFloats(5 * 60, 9);
      const { y, expected } = await run(kernel, shape, parts, pages, q, cache, cache);
      const bound = expected.map(() => boundOf(shape, 195));
      expect(worstError(y, expected, bound)).toBeLessThanOrEqual(1);
    }
  });

  /** Keys whose score is `score(position)` exactly: the first dimension alone counts. */
  async function scored(score: (position: number) => number, keys: number) {
    const shape = { heads: 2, kv_heads: 1, head_dim: 64 };
    const pages = { page: 64, max_pages: 4, table: shuffled(4, 1) };
    const parts = [{ sequence: 0, first: keys - 1, length: 1 }];
    const k = cacheOf(
      (count) => Float32Array.from({ length: count }, (_, i) => (i % 64 ? 0 : score(i / 64))),
      parts,
      pages,
      64,
    );
    const v = cacheOf((count) => randomFloats(count, 2), parts, pages, 64);
    // Eight times one eighth: SCALE is a power of two here, so nothing is rounded.
    const q = Float32Array.from({ length: 128 }, (_, i) => (i % 64 ? 0 : 8));
    const { y, expected } = await run(kernel, shape, parts, pages, q, k, v);
    const bound = expected.map(() => 2 * (2 * (3 + 2 * 20) + keys + 3) * ROUNDING);
    return worstError(y, expected, bound);
  }

  test.each([1, 2, 64, 65, 129, 200])(
    'the likeliest of %i keys takes all when scores differ by thousands',
    async (keys) => {
      expect(
        await scored((position) => (position === keys >> 1 ? 9000 : -9000), keys),
      ).toBeLessThanOrEqual(1);
      expect(await scored((position) => -1000 * position, keys)).toBeLessThanOrEqual(1);
      expect(await scored((position) => 1000 * position, keys)).toBeLessThanOrEqual(1);
    },
  );

  test.each([-1e30, -30000, 0, 30000, 1e30])(
    'keys that all score %d share evenly',
    async (score) => {
      expect(await scored(() => score, 130)).toBeLessThanOrEqual(1);
    },
  );
});
