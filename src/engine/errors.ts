import { LaminaError, registerErrors } from '../errors.ts';

/** The conversation does not fit into the model's context. */
export class ContextLengthError extends LaminaError {
  constructor(details: { tokens: number; limit: number }) {
    super(
      `The conversation has ${details.tokens} tokens; this model can hold ${details.limit}. Start a new chat, or shorten the message.`,
      details,
    );
  }
}

/** The forward pass gave logits that are not numbers: the weights are broken. */
export class NonFiniteLogitsError extends LaminaError {
  constructor(details: { position: number; count: number }) {
    super(
      `The model’s output after token ${details.position} holds ${details.count} values that are not finite numbers: its weights are damaged. Use another file of this model.`,
      details,
    );
  }
}

/** A token id outside of the vocabulary. */
export class TokenRangeError extends LaminaError {
  constructor(details: { id: number; vocab_size: number }) {
    super(
      `Token id ${details.id} is not in the vocabulary: ids go from 0 to ${details.vocab_size - 1}.`,
      details,
    );
  }
}

/** A setting of the sampler or the generation is out of range. */
export class SettingError extends LaminaError {
  constructor(details: { setting: string; value: unknown; allowed: string }) {
    super(`${details.setting} is ${String(details.value)}; allowed: ${details.allowed}.`, details);
  }
}

/** An answer or a measurement was asked for while another one is under way. */
export class EngineBusyError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super(
      'An answer is still being written, or a measurement is under way. Stop it, or wait until it is done.',
      details,
    );
  }
}

/** There is no room for the file that the disk's speed is measured with. */
export class NoScratchSpaceError extends LaminaError {
  /** Bytes. */
  constructor(details: { needed: number; available: number }) {
    const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
    super(
      `Measuring the disk takes a file: ${megabytes(details.needed)} must be free for it, and ${megabytes(details.available)} are. Free space on the disk, or choose a residency yourself.`,
      details,
    );
  }
}

registerErrors({
  ContextLengthError,
  NonFiniteLogitsError,
  TokenRangeError,
  SettingError,
  EngineBusyError,
  NoScratchSpaceError,
});
