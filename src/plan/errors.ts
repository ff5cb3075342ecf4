import { LaminaError, registerErrors } from '../errors.ts';

/** Not even one layer at a time fits into the budget. */
export class BudgetTooSmallError extends LaminaError {
  /** Bytes. */
  constructor(details: { budget: number; needed: number }) {
    const budget = Math.floor(details.budget / 1e6);
    const needed = Math.ceil(details.needed / 1e6);
    super(
      `The budget of ${budget} MB of GPU memory is too small: with one layer on the GPU at a time this model takes ${needed} MB. Raise the budget, ask for a shorter context, or use a smaller model.`,
      details,
    );
  }
}

registerErrors({ BudgetTooSmallError });
