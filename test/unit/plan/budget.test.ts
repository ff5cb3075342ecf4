import { expect, test } from 'vitest';
import { budgetAfter, cautiousBytes } from '../../../src/plan/budget.ts';

const GIBIBYTE = 2 ** 30;

test('an emulated GPU may have a quarter of the computer’s memory, or one gibibyte where that is not known', () => {
  const facts = { software: true, buffer_bytes: 4 * GIBIBYTE };
  expect(cautiousBytes({ ...facts, host_bytes: 8 * GIBIBYTE })).toBe(2 * GIBIBYTE);
  expect(cautiousBytes({ ...facts, host_bytes: null })).toBe(GIBIBYTE);
});

test('a card is taken to hold two of the largest buffers that it allows', () => {
  const facts = { software: false, buffer_bytes: 4 * GIBIBYTE, host_bytes: 8 * GIBIBYTE };
  expect(cautiousBytes(facts)).toBe(8 * GIBIBYTE);
});

test('what is wanted and there is the budget; of less, a fifth is left to others', () => {
  expect(budgetAfter(1000, 1000)).toBe(1000);
  expect(budgetAfter(1000, 500)).toBe(400);
  expect(budgetAfter(1000, 0)).toBe(0);
});
