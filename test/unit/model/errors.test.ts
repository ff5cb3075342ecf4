import { expect, test } from 'vitest';
import { fromWire, type LaminaError, toWire } from '../../../src/errors.ts';
import * as errors from '../../../src/model/errors.ts';

const source = 'model.gguf';

const EXAMPLES: readonly LaminaError[] = [
  new errors.UnsupportedArchitectureError({
    source,
    key: 'general.architecture',
    architecture: 'qwen9',
    supported: ['llama'],
  }),
  new errors.UnsupportedOptionError({
    source,
    option: 'llama.expert_count',
    value: '8',
    needed: '0',
  }),
  new errors.UnsupportedDimensionError({
    source,
    dimension: 'the hidden size',
    value: 240,
    allowed: 'multiples of 32',
  }),
  new errors.MissingMetadataError({ source, key: 'llama.block_count' }),
  new errors.InvalidMetadataError({
    source,
    key: 'llama.block_count',
    reason: 'is 0, not a whole number from 1 to 10000',
  }),
  new errors.MissingTensorError({ source, tensor: 'output_norm.weight' }),
  new errors.TensorShapeError({
    source,
    tensor: 'output.weight',
    shape: [256, 512],
    expected: [512, 256],
  }),
  new errors.VectorTypeError({ source, tensor: 'output_norm.weight', type: 'Q8_0' }),
  new errors.UnexpectedTensorError({ source, tensor: 'blk.0.attn_q.bias' }),
  new errors.UnsupportedTokenizerError({
    source,
    part: 'model.type',
    is: 'WordPiece',
    known: ['BPE', 'Unigram'],
  }),
  new errors.TokenizerInvalidError({
    source,
    document: 'tokenizer.json',
    field: 'model.vocab',
    reason: 'is empty',
  }),
  new errors.UnknownPreTokenizerError({ pre_tokenizer: 'tekken', known: ['gpt-2', 'smollm'] }),
  new errors.TokenizerMissingError({ model: 'llama' }),
  new errors.ChatTemplateMissingError(),
  new errors.ChatTemplateError({ reason: 'Roles must alternate', line: 3 }),
  new errors.ChatTemplateError({ reason: 'Roles must alternate', line: null }),
];

test('every class of this room has an example here', () => {
  const classes = Object.values(errors).filter((value) => typeof value === 'function');
  expect(new Set(EXAMPLES.map((error) => error.constructor))).toEqual(new Set(classes));
});

test.each(EXAMPLES)('$name crosses a worker boundary as what it is', (error) => {
  const copy = fromWire(structuredClone(toWire(error)));
  expect(copy).toBeInstanceOf(error.constructor);
  expect(copy).toMatchObject({ name: error.name, message: error.message, details: error.details });
});

test('messages say what is wrong, where, and what to do', () => {
  expect(EXAMPLES.map(({ message }) => message)).toMatchInlineSnapshot(`
    [
      "model.gguf: the architecture (general.architecture) is "qwen9", and Lamina runs llama. Choose a model of one of these.",
      "model.gguf: llama.expert_count is 8, and Lamina only runs models where it is 0. Choose another model.",
      "model.gguf: the hidden size is 240, and Lamina’s kernels take multiples of 32. Choose another model.",
      "model.gguf: the metadata has no "llama.block_count". Download the model again, convert it again with current tools, or choose another file of it.",
      "model.gguf: the metadata's "llama.block_count" is 0, not a whole number from 1 to 10000. Download the model again, convert it again with current tools, or choose another file of it.",
      "model.gguf: there is no tensor "output_norm.weight". If the model comes in several files, all of them are needed; else choose another file of it.",
      "model.gguf: "output.weight" has the shape [256, 512], and the metadata says [512, 256]. Download the model again, convert it again with current tools, or choose another file of it.",
      "model.gguf: the vector "output_norm.weight" is stored as Q8_0, and Lamina reads vectors of plain numbers only. Download the model again, convert it again with current tools, or choose another file of it.",
      "model.gguf: the tensor "blk.0.attn_q.bias" is no part of its architecture, and without it the answers would be wrong. Choose another model.",
      "model.gguf: the tokenizer's model.type is "WordPiece", and Lamina knows BPE, Unigram. Choose a model with one of these.",
      "model.gguf: tokenizer.json cannot be used: model.vocab is empty. Download the model's files again, or choose another model.",
      "Lamina does not know the pre-tokenizer (tokenizer.ggml.pre) "tekken", and any other would give wrong tokens; it knows gpt-2, smollm. Choose a model with one of these.",
      "llama has no tokenizer, so there is no way from words to tokens. Put the model's tokenizer.json beside its weights and import it again, or give token ids.",
      "This model has no chat template: it was not made for conversations. Choose an instruct model.",
      "The model's chat template fails in line 3 (Roles must alternate). If this conversation has nothing unusual, choose another file of this model.",
      "The model's chat template fails (Roles must alternate). If this conversation has nothing unusual, choose another file of this model.",
    ]
  `);
});
