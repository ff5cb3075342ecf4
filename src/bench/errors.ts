import { LaminaError, registerErrors } from '../errors.ts';

/** A measurement was stopped before it was done. */
export class BenchCancelledError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super('The measurement was stopped. Start it again to get its figures.', details);
  }
}

registerErrors({ BenchCancelledError });
