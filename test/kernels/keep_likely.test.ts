import { expect, test } from 'vitest';
import { keep_likely, strided_max } from '../../src/gpu/kernels.ts';
import { randomFloats, randomIntegers } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';

const lab = new Lab(await openDevice());
const STRIDE = 64;

/** (id, logit) pairs as the kernels write them. */
function pairs(list: Float32Array): [id: number, logit: number][] {
  const words = new Uint32Array(list.buffer, list.byteOffset, list.length);
  return Array.from({ length: list.length / 2 }, (_, i) => [words[2 * i]!, list[2 * i + 1]!]);
}

test.each([64, 65, 200, 49152])(
  'of %i logits the best of every 64th is found, and the list is emptied',
  async (count) => {
    const logits = randomFloats(count, count, 10);
    const { best, list, listed } = await lab.run(
      { kernel: strided_max, constants: { COUNT: count, STRIDE } },
      { logits, best: poisoned(2 * STRIDE), list: poisoned(2 * STRIDE), listed: poisoned(1) },
      1,
    );
    const expected = Array.from({ length: STRIDE }, (_, first) => {
      const ids = [...logits.keys()].filter((id) => id % STRIDE === first);
      const id = ids.reduce((a, b) => (logits[b]! > logits[a]! ? b : a));
      return [id, logits[id]!];
    });
    expect(pairs(best!)).toEqual(expected);
    expect(pairs(list!).every(([id]) => id === 0xffffffff)).toBe(true);
    expect(new Uint32Array(listed!.buffer)[0]).toBe(0);
  },
);

test.each([
  { count: 1000, most: 64, bound: 9 },
  { count: 1000, most: 64, bound: 0 },
  { count: 65, most: 8, bound: -20 },
])(
  'of $count logits those not below $bound are listed, as far as $most places go',
  async ({ count, most, bound }) => {
    const logits = Float32Array.from(randomIntegers(count, 1, 21), (value) => value - 10);
    const sorted = new Float32Array(6);
    sorted[5] = bound;
    const { list, listed } = await lab.run(
      { kernel: keep_likely, constants: { COUNT: count, LAST: 2, MOST: most } },
      { logits, sorted, list: new Float32Array(2 * most), listed: new Uint32Array(1) },
      1,
    );
    const expected = [...logits.keys()].filter((id) => logits[id]! >= bound);
    expect(new Uint32Array(listed!.buffer)[0]).toBe(expected.length);
    const found = pairs(list!).slice(0, Math.min(most, expected.length));
    expect(new Set(found.map(([id]) => id)).size).toBe(found.length);
    for (const [id, logit] of found) {
      expect(expected).toContain(id);
      expect(logit).toBe(logits[id]);
    }
  },
);
