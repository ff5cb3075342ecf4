import { LaminaError, registerErrors } from '../errors.ts';
import { shown } from './shown.ts';

/** What to do about a model that Lamina cannot run. */
const OTHER_MODEL = 'Choose another model.';
/** What to do about metadata or tensors that contradict each other. */
const CONVERT =
  'Download the model again, convert it again with current tools, or choose another file of it.';

export class UnsupportedArchitectureError extends LaminaError {
  /** `key`: where the checkpoint names it. */
  constructor(details: {
    source: string;
    key: string;
    architecture: string;
    supported: readonly string[];
  }) {
    const { source, key, architecture, supported } = details;
    super(
      `${source}: the architecture (${key}) is ${shown(architecture)}, and Lamina runs ${supported.join(', ')}. Choose a model of one of these.`,
      details,
    );
  }
}

/** The model computes in a way that Lamina does not know. */
export class UnsupportedOptionError extends LaminaError {
  /** `option`: a metadata key or a tensor's name; `value`: as it is in the file, shortened. */
  constructor(details: { source: string; option: string; value: string; needed: string }) {
    const { source, option, value, needed } = details;
    super(
      `${source}: ${option} is ${value}, and Lamina only runs models where it is ${needed}. ${OTHER_MODEL}`,
      details,
    );
  }
}

/** A width that a kernel cannot take. */
export class UnsupportedDimensionError extends LaminaError {
  constructor(details: { source: string; dimension: string; value: number; allowed: string }) {
    const { source, dimension, value, allowed } = details;
    super(
      `${source}: ${dimension} is ${value}, and Lamina’s kernels take ${allowed}. Choose another model.`,
      details,
    );
  }
}

export class MissingMetadataError extends LaminaError {
  constructor(details: { source: string; key: string }) {
    const { source, key } = details;
    super(`${source}: the metadata has no "${key}". ${CONVERT}`, details);
  }
}

export class InvalidMetadataError extends LaminaError {
  constructor(details: { source: string; key: string; reason: string }) {
    const { source, key, reason } = details;
    super(`${source}: the metadata's "${key}" ${reason}. ${CONVERT}`, details);
  }
}

export class MissingTensorError extends LaminaError {
  constructor(details: { source: string; tensor: string }) {
    const { source, tensor } = details;
    super(
      `${source}: there is no tensor "${tensor}". If the model comes in several files, all of them are needed; else choose another file of it.`,
      details,
    );
  }
}

export class TensorShapeError extends LaminaError {
  /** Shapes rows first. */
  constructor(details: {
    source: string;
    tensor: string;
    shape: readonly number[];
    expected: readonly number[];
  }) {
    const { source, tensor, shape, expected } = details;
    super(
      `${source}: "${tensor}" has the shape [${shape.join(', ')}], and the metadata says [${expected.join(', ')}]. ${CONVERT}`,
      details,
    );
  }
}

/** A vector is stored in blocks. */
export class VectorTypeError extends LaminaError {
  constructor(details: { source: string; tensor: string; type: string }) {
    const { source, tensor, type } = details;
    super(
      `${source}: the vector "${tensor}" is stored as ${type}, and Lamina reads vectors of plain numbers only. ${CONVERT}`,
      details,
    );
  }
}

/** A tensor, such as a bias, that Lamina would have to leave out. */
export class UnexpectedTensorError extends LaminaError {
  constructor(details: { source: string; tensor: string }) {
    const { source, tensor } = details;
    super(
      `${source}: the tensor ${shown(tensor)} is no part of its architecture, and without it the answers would be wrong. ${OTHER_MODEL}`,
      details,
    );
  }
}

/** The tokenizer has a part that Lamina does not know. */
export class UnsupportedTokenizerError extends LaminaError {
  /** `part`: a metadata key, or a field of tokenizer.json. */
  constructor(details: { source: string; part: string; is: string; known: readonly string[] }) {
    const { source, part, is, known } = details;
    super(
      `${source}: the tokenizer's ${part} is ${shown(is)}, and Lamina knows ${known.join(', ')}. Choose a model with one of these.`,
      details,
    );
  }
}

/** A file about the tokenizer contradicts itself, or asks for what Lamina cannot do. */
export class TokenizerInvalidError extends LaminaError {
  /** `document`: such as tokenizer.json; `field`: the way to what is wrong in it. */
  constructor(details: { source: string; document: string; field: string; reason: string }) {
    const { source, document, field, reason } = details;
    super(
      `${source}: ${document} cannot be used: ${field || 'it'} ${reason}. Download the model's files again, or choose another model.`,
      details,
    );
  }
}

export class UnknownPreTokenizerError extends LaminaError {
  constructor(details: { pre_tokenizer: string; known: readonly string[] }) {
    const { pre_tokenizer, known } = details;
    super(
      `Lamina does not know the pre-tokenizer (tokenizer.ggml.pre) ${shown(pre_tokenizer)}, and any other would give wrong tokens; it knows ${known.join(', ')}. Choose a model with one of these.`,
      details,
    );
  }
}

/** The checkpoint came without a tokenizer: it computes, but it knows no words. */
export class TokenizerMissingError extends LaminaError {
  constructor(details: { model: string }) {
    super(
      `${details.model} has no tokenizer, so there is no way from words to tokens. Put the model's tokenizer.json beside its weights and import it again, or give token ids.`,
      details,
    );
  }
}

/** The checkpoint has no chat template. */
export class ChatTemplateMissingError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super(
      'This model has no chat template: it was not made for conversations. Choose an instruct model.',
      details,
    );
  }
}

/** The chat template is broken, or refuses the conversation. */
export class ChatTemplateError extends LaminaError {
  /** `reason`: the template's own words; `line`: counted from 1, null when it is not known. */
  constructor(details: { reason: string; line: number | null }, cause?: unknown) {
    const { reason, line } = details;
    const where = line === null ? '' : ` in line ${line}`;
    super(
      `The model's chat template fails${where} (${reason}). If this conversation has nothing unusual, choose another file of this model.`,
      details,
      cause,
    );
  }
}

registerErrors({
  UnsupportedArchitectureError,
  UnsupportedOptionError,
  UnsupportedDimensionError,
  MissingMetadataError,
  InvalidMetadataError,
  MissingTensorError,
  TensorShapeError,
  VectorTypeError,
  UnexpectedTensorError,
  UnsupportedTokenizerError,
  TokenizerInvalidError,
  UnknownPreTokenizerError,
  TokenizerMissingError,
  ChatTemplateMissingError,
  ChatTemplateError,
});
