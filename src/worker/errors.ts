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

/** An exported model was to be quantized, and it is taken as it was exported. */
export class ExportedAsItIsError extends LaminaError {
  constructor(details: { file: string; quantize: string }) {
    super(
      `“${details.file}” is an exported model and is imported as it was exported, not quantized to ${details.quantize}. Import the checkpoint that it was made from instead.`,
      details,
    );
  }
}

/** A pack was being verified or exported, and whoever asked for it wants it no more. */
export class PackTaskCancelledError extends LaminaError {
  constructor(details: { pack: string; task: 'verification' | 'export' }) {
    super(
      `The ${details.task} of “${details.pack}” was cancelled. The model is as it was; begin again at any time.`,
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

registerErrors({
  ExportedAsItIsError,
  ModelLocationError,
  NoModelError,
  PackTaskCancelledError,
  WorkerFailedError,
});
