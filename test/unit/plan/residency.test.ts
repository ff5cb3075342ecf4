import { expect, test } from 'vitest';
import { partsToPin } from '../../../src/plan/residency.ts';

const parts = Array.from({ length: 32 }, (_, part) => ({ part, bytes: 10, bytes_per_token: 10 }));

test('strict keeps nothing, resident everything, streaming what the budget holds', () => {
  expect(partsToPin(parts, 'strict', 1000).size).toBe(0);
  expect(partsToPin(parts, 'resident', 0).size).toBe(32);
  for (const budget of [0, 9, 10, 95, 320]) {
    expect(partsToPin(parts, 'streaming', budget).size).toBe(Math.floor(budget / 10));
  }
});

test('a larger budget keeps what a smaller one keeps', () => {
  for (let count = 0; count < 32; count++) {
    const fewer = partsToPin(parts, 'streaming', 10 * count);
    const more = partsToPin(parts, 'streaming', 10 * count + 10);
    expect([...fewer].filter((part) => !more.has(part))).toEqual([]);
  }
});

test('those that stay lie evenly among those that pass', () => {
  for (let count = 1; count < 32; count++) {
    const kept = [...partsToPin(parts, 'streaming', 10 * count)].sort((a, b) => a - b);
    for (let begin = 0; begin + 8 <= 32; begin++) {
      const within = kept.filter((part) => part >= begin && part < begin + 8).length;
      expect(Math.abs(within - (8 * count) / 32)).toBeLessThan(2);
    }
  }
});

test('what a token needs little of comes last', () => {
  const embedding = { part: 99, bytes: 10, bytes_per_token: 1 };
  const some = [embedding, ...parts];
  expect(partsToPin(some, 'streaming', 320).has(99)).toBe(false);
  expect(partsToPin(some, 'streaming', 330).has(99)).toBe(true);
});
