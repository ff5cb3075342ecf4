import { expect, test } from 'vitest';
import { kv_append } from '../../src/gpu/kernels.ts';
import { firstDifference } from './accuracy.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { kvAppend } from './reference/kv_pages.ts';

const lab = new Lab(await openDevice());

/** (position, sequence) of tokens of three sequences, over the borders of pages. */
const TOKENS = [
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

test.each([4, 20, 192, 260])(
  'keys and values %i wide go to their sequence’s pages, and nowhere else',
  async (width) => {
    const pages = { page: 64, max_pages: 3, table: shuffled(9, 1) };
    for (const list of TOKENS) {
      const tokens = Uint32Array.from(list.flat());
      const k = randomFloats(list.length * width, 1);
      const v = randomFloats(list.length * width, 2);
      const empty = poisoned(9 * 64 * width);
      const { k_cache, v_cache } = await lab.run(
        { kernel: kv_append, constants: { WIDTH: width, PAGE: 64, MAX_PAGES: 3 } },
        { tokens, page_table: pages.table, k, v, k_cache: empty, v_cache: empty },
        list.length,
      );
      for (const [cache, rows] of [
        [k_cache, k],
        [v_cache, v],
      ] as const) {
        const expected = empty.slice();
        kvAppend(expected, rows, tokens, pages);
        expect(firstDifference(cache!, expected)).toBe(-1);
      }
    }
  },
);
