import { describe, expect, test } from 'vitest';
import { LaminaError } from '../../../src/errors.ts';
import type { Checkpoint, MetadataValue, TensorInfo } from '../../../src/formats/checkpoint.ts';
import {
  InvalidMetadataError,
  MissingMetadataError,
  MissingTensorError,
  TensorShapeError,
  UnexpectedTensorError,
  UnsupportedArchitectureError,
  UnsupportedDimensionError,
  UnsupportedOptionError,
  VectorTypeError,
} from '../../../src/model/errors.ts';
import { planPack } from '../../../src/model/plan_pack.ts';
import { wholeSource } from '../../../src/model/planned_tensor.ts';
import { llamaConfig } from '../../../src/model/shapes.ts';
import { goldenCheckpoint, goldenJson } from './fixtures.ts';

const GOOD = await goldenCheckpoint('gguf/llama-q4_1.gguf');
const { files } = await goldenJson('gguf-bad/index.json');

/** The golden model with some metadata and tensors replaced, or, where `undefined`, removed. */
function changed(
  metadata: Record<string, MetadataValue | undefined>,
  tensors: Record<string, Partial<TensorInfo> | undefined> = {},
): Checkpoint {
  const keys = new Map(GOOD.metadata);
  for (const [key, value] of Object.entries(metadata)) {
    if (value === undefined) keys.delete(key);
    else keys.set(key, value);
  }
  const infos = new Map(GOOD.tensors);
  for (const [name, change] of Object.entries(tensors)) {
    const old = infos.get(name) ?? infos.get('blk.0.attn_q.weight')!;
    if (change === undefined) infos.delete(name);
    else infos.set(name, { ...old, name, ...change });
  }
  return { ...GOOD, metadata: keys, tensors: infos };
}

describe('the plan of a golden model', () => {
  const plan = planPack(GOOD);

  test('has the hyper-parameters of its file', () => {
    expect(plan.name).toBe('fixture llama-q4_1');
    const shape = {
      num_hidden_layers: 2,
      hidden_size: 256,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 64,
      intermediate_size: 512,
      vocab_size: 512,
      max_position_embeddings: 256,
      rope_theta: 10_000,
      tie_word_embeddings: false,
    };
    expect(plan.config).toEqual(llamaConfig(shape, Math.fround(1e-5)));
  });

  test('holds every tensor once, in the order in which the kernels read them', () => {
    const roles = [
      'attn_norm',
      'attn_q',
      'attn_k',
      'attn_v',
      'attn_output',
      'ffn_norm',
      'ffn_gate',
      'ffn_up',
      'ffn_down',
    ];
    const names = [plan.embedding, ...plan.layers, plan.head].map((file) =>
      file.map(({ name }) => name),
    );
    expect(names).toEqual([
      ['token_embd.weight'],
      roles.map((role) => `blk.0.${role}.weight`),
      roles.map((role) => `blk.1.${role}.weight`),
      ['output_norm.weight', 'output.weight'],
    ]);
    expect(new Set(names.flat())).toEqual(new Set(GOOD.tensors.keys()));
    for (const tensor of plan.layers.flat()) {
      expect(wholeSource(tensor)).toBe(GOOD.tensors.get(tensor.name));
    }
  });

  test('ties the output matrix to the embedding when the file has none', () => {
    const { config, head } = planPack(changed({}, { 'output.weight': undefined }));
    expect(config.tie_word_embeddings).toBe(true);
    expect(head.map(({ name }) => name)).toEqual(['output_norm.weight']);
  });

  test('fills in what llama.cpp does when the file leaves it out', () => {
    const { config } = planPack(
      changed({ 'llama.rope.freq_base': undefined, 'llama.rope.dimension_count': undefined }),
    );
    expect(config).toEqual(plan.config);
  });

  test('has as many key/value heads as query heads unless the file says otherwise', () => {
    const square = { shape: [256, 256] };
    const { config } = planPack(
      changed(
        { 'llama.attention.head_count_kv': undefined },
        Object.fromEntries(
          [0, 1].flatMap((i) => [
            [`blk.${i}.attn_k.weight`, square],
            [`blk.${i}.attn_v.weight`, square],
          ]),
        ),
      ),
    );
    expect(config.num_key_value_heads).toBe(4);
  });

  test('is called like the file when the model has no name', () => {
    expect(planPack(changed({ 'general.name': undefined })).name).toBe('gguf/llama-q4_1.gguf');
  });
});

test('linear scaling and YaRN slow RoPE down, by keys old and new', () => {
  const ropeOf = (keys: Record<string, MetadataValue>) => planPack(changed(keys)).config.ropes[0]!;
  const linear = { 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': 4 };
  for (const keys of [linear, { 'llama.rope.scale_linear': 4 }]) {
    expect(ropeOf(keys).factors).toEqual(Array(32).fill(4));
  }
  const yarn = ropeOf({
    'llama.rope.scaling.type': 'yarn',
    'llama.rope.scaling.factor': 4,
    'llama.rope.scaling.original_context_length': 64,
  });
  expect(yarn.factors!.at(0)).toBe(1);
  expect(yarn.factors!.at(-1)).toBe(4);
  expect(yarn.attention_factor).toBeCloseTo(0.1 * Math.log(4) + 1, 12);
});

test.each(['qwen2-f16', 'llama-q4_k'])('%s is planned', async (name) => {
  const { config, layers } = planPack(await goldenCheckpoint(`gguf/${name}.gguf`));
  expect(layers.length).toBe(config.num_hidden_layers);
});

const byExpectation = (wanted: string): string[] =>
  files
    .filter(({ expect }: { expect: string }) => expect === wanted)
    .map(({ file }: { file: string }) => file);

test.each(byExpectation('error-when-used-as-model'))('%s is refused as a model', async (file) => {
  const checkpoint = await goldenCheckpoint(`gguf-bad/${file}`);
  expect(() => planPack(checkpoint)).toThrow(LaminaError);
});

test.each(byExpectation('error-when-run'))(
  '%s is planned: only its values are bad',
  async (file) => {
    expect(planPack(await goldenCheckpoint(`gguf-bad/${file}`)).layers.length).toBe(2);
  },
);

test.each(['mamba', 'gemma', 'phi2', 'Llama'])('architecture "%s" is refused by name', (name) => {
  const broken = () => planPack(changed({ 'general.architecture': name }));
  expect(broken).toThrow(UnsupportedArchitectureError);
  expect(broken).toThrow(`"${name}"`);
});

test.each([
  'general.architecture',
  'llama.block_count',
  'llama.embedding_length',
  'llama.feed_forward_length',
  'llama.context_length',
  'llama.attention.head_count',
  'llama.attention.layer_norm_rms_epsilon',
  'tokenizer.ggml.tokens',
])('a file without %s is refused', (key) => {
  const broken = () => planPack(changed({ [key]: undefined }));
  expect(broken).toThrow(MissingMetadataError);
  expect(broken).toThrow(`"${key}"`);
});

test.each<[string, MetadataValue]>([
  ['llama.block_count', 0],
  ['llama.block_count', 4_000_000_000],
  ['llama.block_count', 2n ** 60n],
  ['llama.embedding_length', '256'],
  ['llama.embedding_length', 2 ** 31],
  ['llama.context_length', 0],
  ['llama.feed_forward_length', [512, 512]],
  ['llama.attention.head_count', 0],
  ['llama.attention.head_count_kv', 3],
  ['llama.attention.head_count_kv', 0],
  ['llama.attention.layer_norm_rms_epsilon', 0],
  ['llama.attention.layer_norm_rms_epsilon', Number.NaN],
  ['llama.rope.freq_base', -10_000],
  ['llama.rope.freq_base', Number.POSITIVE_INFINITY],
  ['llama.rope.dimension_count', 65],
  ['general.name', 5],
])('a wrong %s (%#) is refused by name', (key, value) => {
  const broken = () => planPack(changed({ [key]: value }));
  expect(broken).toThrow(InvalidMetadataError);
  expect(broken).toThrow(`"${key}"`);
});

describe('an option that changes the computation', () => {
  test.each<[string, MetadataValue]>([
    ['llama.rope.scaling.type', 'dynamic'],
    ['llama.attention.sliding_window', 128],
    ['llama.attention.causal', false],
    ['llama.attention.value_length', 32],
    ['llama.logit_scale', 0.5],
  ])('%s = %s is refused by name', (option, value) => {
    const broken = () => planPack(changed({ [option]: value }));
    expect(broken).toThrow(UnsupportedOptionError);
    expect(broken).toThrow(option);
  });

  test.each<[string, MetadataValue]>([
    ['llama.rope.scaling.type', 'none'],
    ['llama.rope.scaling.factor', 1],
    ['llama.expert_count', 0],
    ['llama.attention.value_length', 64],
    ['llama.attention.key_length', 64],
  ])('%s = %s changes nothing, and is taken', (option, value) => {
    expect(planPack(changed({ [option]: value })).config).toEqual(planPack(GOOD).config);
  });
});

test.each<[string, Record<string, MetadataValue>]>([
  ['heads of 258', { 'llama.attention.key_length': 258 }],
  ['heads of a broken size', { 'llama.attention.head_count': 6 }],
  ['an odd part of a head that turns', { 'llama.rope.dimension_count': 33 }],
])('%s: refused, because no kernel takes it', (_, metadata) => {
  expect(() => planPack(changed({ 'llama.rope.dimension_count': 2, ...metadata }))).toThrow(
    UnsupportedDimensionError,
  );
});

describe('a tensor', () => {
  test.each([
    'token_embd.weight',
    'output_norm.weight',
    'blk.0.attn_norm.weight',
    'blk.1.ffn_down.weight',
  ])('%s that is not there is an error', (tensor) => {
    const broken = () => planPack(changed({}, { [tensor]: undefined }));
    expect(broken).toThrow(MissingTensorError);
    expect(broken).toThrow(`"${tensor}"`);
  });

  test.each([
    ['token_embd.weight', [512, 128]],
    ['token_embd.weight', [512, 256, 1]],
    ['token_embd.weight', [512]],
    ['output.weight', [256, 512]],
    ['output_norm.weight', [512]],
    ['blk.0.attn_norm.weight', [1, 256]],
    ['blk.0.attn_k.weight', [256, 256]],
    ['blk.1.ffn_down.weight', [512, 256]],
  ])('%s of shape %j is refused', (tensor, shape) => {
    const broken = () => planPack(changed({}, { [tensor]: { shape } }));
    expect(broken).toThrow(TensorShapeError);
    expect(broken).toThrow(`"${tensor}" has the shape [${shape.join(', ')}]`);
  });

  test.each(['output_norm.weight', 'blk.1.ffn_norm.weight'])(
    '%s that is stored in blocks is refused',
    (tensor) => {
      const broken = () => planPack(changed({}, { [tensor]: { type: 'Q8_0' } }));
      expect(broken).toThrow(VectorTypeError);
      expect(broken).toThrow(`"${tensor}"`);
    },
  );

  test.each([
    'blk.0.attn_q.bias',
    'blk.2.attn_q.weight',
    'blk.0.ffn_gate_exps.weight',
    'output.bias',
    'blk.00.attn_q.weight',
    'something',
  ])('%s that the architecture does not know is refused', (tensor) => {
    const broken = () => planPack(changed({}, { [tensor]: {} }));
    expect(broken).toThrow(UnexpectedTensorError);
    expect(broken).toThrow(`"${tensor}"`);
  });
});
