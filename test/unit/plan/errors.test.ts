import { expect, test } from 'vitest';
import { fromWire, toWire } from '../../../src/errors.ts';
import { BudgetTooSmallError } from '../../../src/plan/errors.ts';

test('a budget that is too small says by how much and what to do, also across a worker boundary', () => {
  const error = new BudgetTooSmallError({ budget: 99_000_001, needed: 221_900_000 });
  expect(error.message).toMatchInlineSnapshot(
    `"The budget of 99 MB of GPU memory is too small: with one layer on the GPU at a time this model takes 222 MB. Raise the budget, ask for a shorter context, or use a smaller model."`,
  );
  const copy = fromWire(structuredClone(toWire(error)));
  expect(copy).toBeInstanceOf(BudgetTooSmallError);
  expect(copy).toMatchObject({ message: error.message, details: error.details });
});
