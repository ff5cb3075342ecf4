import { describe, expect, test } from 'vitest';
import { candidateOf } from '../../../src/engine/plan_model.ts';
import { BudgetTooSmallError } from '../../../src/plan/errors.ts';
import { type Candidate, choosePlan, planOf, TYPICAL } from '../../../src/plan/planner.ts';
import type { Residency } from '../../../src/plan/residency.ts';
import { manifestFixture } from '../store/manifest_fixture.ts';
import { RATES, workOf } from './rates_fixture.ts';

const candidate = (residency: Residency, stay: number, most_bytes: number): Candidate => ({
  residency,
  budget_weights: 0,
  prefill_tokens: 64,
  context_length: 4096,
  bytes: { weights: most_bytes, kv: 0, activations: 0, staging: 0 },
  most_bytes,
  work: workOf(stay),
});
const CANDIDATES = [
  candidate('strict', 0, 100),
  candidate('streaming', 2, 300),
  candidate('resident', 4, 500),
];
const SLOW = { ...RATES, bytes_per_second: 100 };

describe('within a budget', () => {
  test.each([
    [500, 'resident', 'resident fits'],
    [499, 'streaming', 'fastest within the budget'],
    [299, 'strict', 'only one that fits'],
  ] as const)('of %i bytes it is %s: %s', (budget, residency, reason) => {
    const choice = choosePlan(CANDIDATES, SLOW, budget);
    expect(choice.plan.residency).toBe(residency);
    expect(choice.reason).toBe(reason);
    expect(choice.budget).toBe(budget);
    expect(choice.plan.most_bytes).toBeLessThanOrEqual(budget);
  });

  test('that holds nothing, it is an error that says what is missing', () => {
    const plan = () => choosePlan(CANDIDATES, SLOW, 99);
    expect(plan).toThrow(BudgetTooSmallError);
    expect(() => choosePlan(CANDIDATES, SLOW, 99)).toThrowError(
      expect.objectContaining({ details: { budget: 99, needed: 100 } }),
    );
  });

  test('of two that are equally fast, the smaller one is taken', () => {
    const twins = [candidate('resident', 4, 500), candidate('resident', 4, 400)];
    expect(choosePlan(twins, RATES, 500).plan.most_bytes).toBe(400);
  });
});

test('more of the weights on the GPU never makes a model slower', () => {
  const model = manifestFixture();
  const limits = { buffer_bytes: 2 ** 28, binding_bytes: 2 ** 27 };
  const all = [model.embedding, ...model.layers, model.head].reduce((sum, f) => sum + f.bytes, 0);
  let before = 0;
  for (let budget_weights = 0; budget_weights <= all; budget_weights += all / 40) {
    const options = { residency: 'streaming' as const, budget_weights };
    const { prediction } = planOf(candidateOf(model, limits, options), SLOW, TYPICAL);
    expect(prediction.decode_tokens_per_second).toBeGreaterThanOrEqual(before);
    before = prediction.decode_tokens_per_second;
  }
});
