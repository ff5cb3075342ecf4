import { LaminaError, registerErrors } from '../errors.ts';
import type { Residency } from './residency.ts';

/** What a model takes in a residency, or in each of them, is more than the budget. */
export class BudgetTooSmallError extends LaminaError {
  /** Bytes; `residency`: the one that was asked for, else there is none that fits. */
  constructor(details: { budget: number; needed: number; residency?: Residency }) {
    const budget = Math.floor(details.budget / 1e6);
    const needed = Math.ceil(details.needed / 1e6);
    const { residency = 'strict' } = details;
    super(
      `The budget of ${budget} MB of GPU memory is too small: ${WAYS[residency]} this model takes ${needed} MB. Raise the budget, ask for a shorter context, or ${residency === 'strict' ? 'use a smaller model' : 'keep less of the model on the GPU'}.`,
      details,
    );
  }
}

const WAYS: Readonly<Record<Residency, string>> = {
  strict: 'with one layer on the GPU at a time',
  streaming: 'with a part of it on the GPU',
  resident: 'with all of it on the GPU',
};

registerErrors({ BudgetTooSmallError });
