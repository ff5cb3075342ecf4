import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/engine/random.ts';

const WORD = 0xffffffffn;
const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & WORD;

/** xoshiro128** as its authors publish it (https://prng.di.unimi.it/xoshiro128starstar.c), on big integers. */
function xoshiro(state: bigint[]): () => number {
  const s = [...state];
  return () => {
    const result = (rotate((s[1]! * 5n) & WORD, 7n) * 9n) & WORD;
    const t = (s[1]! << 9n) & WORD;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11n);
    return Number(result);
  };
}

/** Four words of splitmix32: a Weyl sequence through MurmurHash3's finalizer. */
function splitmix(seed: bigint): bigint[] {
  return [1n, 2n, 3n, 4n].map((i) => {
    let z = (seed + i * 0x9e3779b9n) & WORD;
    z = ((z ^ (z >> 16n)) * 0x85ebca6bn) & WORD;
    z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & WORD;
    return z ^ (z >> 16n);
  });
}

test('the generator checked against has the sequence that is known from the state 1, 2, 3, 4', () => {
  const next = xoshiro([1n, 2n, 3n, 4n]);
  expect(Array.from({ length: 10 }, next)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ]);
});

test.each([0, 1, 42, 2 ** 31, 2 ** 32 - 1])(
  'seed %d gives the sequence of xoshiro128**',
  (seed) => {
    const random = seededRandom(seed);
    const expected = xoshiro(splitmix(BigInt(seed)));
    for (let i = 0; i < 1000; i++) expect(random()).toBe(expected() / 2 ** 32);
  },
);

test('numbers are in [0, 1) and spread evenly', () => {
  const random = seededRandom(7);
  const tenths = new Array(10).fill(0);
  for (let i = 0; i < 100_000; i++) tenths[Math.floor(random() * 10)]++;
  expect(tenths).toHaveLength(10);
  // Five standard deviations of a binomial of 100,000 trials at 1/10.
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(5 * 95);
});
