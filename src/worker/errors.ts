import { LaminaError, registerErrors } from '../errors.ts';

/** Something was asked of a model, and none is loaded. */
export class NoModelError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super('No model is loaded. Load one first.', details);
  }
}

/** A text names neither an address nor a repository of a model hub. */
export class ModelLocationError extends LaminaError {
  constructor(details: { location: string }) {
    super(
      `“${details.location}” is neither an address nor the name of a model on the hub. Write an address (https://…), or owner/name, with @revision and :file where they are needed.`,
      details,
    );
  }
}

/** The worker that owns the GPU ended with an error that nobody caught, or could not start. */
export class WorkerFailedError extends LaminaError {
  constructor(details: { reason: string }) {
    super(
      `The background thread stopped (${details.reason || 'no reason given'}). Load the page again; what is on disk and in this conversation stays.`,
      details,
    );
  }
}

registerErrors({ ModelLocationError, NoModelError, WorkerFailedError });
