import { expect, test } from 'vitest';
import { UnsupportedArchitectureError, UnsupportedOptionError } from '../../../src/model/errors.ts';
import { readHuggingFaceConfig } from '../../../src/model/hugging_face_config.ts';
import { TestSource } from '../store/test_source.ts';

const LLAMA = {
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 160,
  vocab_size: 320,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  hidden_act: 'silu',
};

const read = (changes: object) =>
  readHuggingFaceConfig(
    { source: new TestSource(new Uint8Array(), 'model') },
    { ...LLAMA, ...changes },
  ).config;

const GPT_OSS = { model_type: 'gpt_oss', num_local_experts: 4, num_experts_per_tok: 2 };

test('both dialects of transformers say the same', () => {
  const old = read({
    rope_theta: 5e5,
    rope_scaling: { type: 'linear', factor: 4 },
    torch_dtype: 'float32',
  });
  const parameters = { rope_theta: 5e5, rope_type: 'linear', factor: 4 };
  expect(read({ rope_parameters: parameters, dtype: 'float32' })).toEqual(old);
  expect(old.ropes[0]).toMatchObject({ style: 'halves', theta: 5e5, factors: Array(8).fill(4) });
  expect(read({ rope_scaling: null }).ropes[0]!.factors).toBe(null);
});

test('Llama 3’s scaling keeps fast pairs, slows slow ones down, and blends between them', () => {
  const { factors } = read({
    rope_theta: 10_000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    },
  }).ropes[0]!;
  expect(factors!.slice(0, 1)).toEqual([1]);
  expect(factors!.at(-1)).toBe(8);
  // Pair 1 turns once in 2 pi 10^0.5 = 19.87 positions: 32 / 19.87 = 1.611 times in 32, so (1.611 - 1) / 3 is kept.
  const kept = (32 / (2 * Math.PI * Math.sqrt(10)) - 1) / 3;
  expect(factors![1]).toBeCloseTo(1 / ((1 - kept) / 8 + kept), 10);
});

test('a window is where the architecture has it, or where a list says so', () => {
  const windows = (changes: object) => read(changes).layers.map(({ window }) => window);
  expect(windows({ model_type: 'mistral', sliding_window: 8 })).toEqual([8, 8, 8]);
  expect(windows({ model_type: 'mistral', sliding_window: null })).toEqual([null, null, null]);
  const layer_types = ['full_attention', 'sliding_attention', 'full_attention'];
  expect(windows({ model_type: 'mistral', sliding_window: 8, layer_types })).toEqual([
    null,
    8,
    null,
  ]);
  const qwen2 = { model_type: 'qwen2', sliding_window: 8, max_window_layers: 1 };
  expect(windows({ ...qwen2, use_sliding_window: false })).toEqual([null, null, null]);
  expect(windows({ ...qwen2, use_sliding_window: true })).toEqual([null, 8, 8]);
  expect(windows({ model_type: 'gemma2', sliding_window: 8 })).toEqual([8, null, 8]);
});

test('Mixtral takes two of its experts', () => {
  const { experts, intermediate_size } = read({
    model_type: 'mixtral',
    num_local_experts: 4,
    num_experts_per_tok: 2,
  });
  expect(experts).toEqual({ count: 4, per_token: 2, normalised: true });
  expect(intermediate_size).toBe(160);
});

test('gpt-oss has a window in every other layer, and YaRN that is not cut to whole dimensions', () => {
  const scaling = { rope_type: 'yarn', factor: 32, original_max_position_embeddings: 4096 };
  const gpt_oss = { ...GPT_OSS, sliding_window: 8, rope_scaling: { ...scaling, truncate: false } };
  const { layers, ropes, attention_sinks, experts } = read(gpt_oss);
  expect(layers.map(({ window }) => window)).toEqual([8, null, 8]);
  expect(experts).toEqual({ count: 4, per_token: 2, normalised: true });
  expect(attention_sinks).toBe(true);
  const cut = read({ ...gpt_oss, rope_scaling: { ...scaling, truncate: true } });
  expect(ropes[0]!.factors).not.toEqual(cut.ropes[0]!.factors);
  expect(ropes[0]!.attention_factor).toBeCloseTo(1 + 0.1 * Math.log(32), 12);
});

test.each(['mamba', 'gemma3', 'deepseek_v3'])(
  'the architecture %s is refused by name',
  (model_type) => {
    expect(() => read({ model_type })).toThrow(UnsupportedArchitectureError);
    expect(() => read({ model_type })).toThrow(`(model_type) is "${model_type}"`);
  },
);

test.each([
  ['hidden_act', { hidden_act: 'mish' }],
  ['rope_scaling.rope_type', { rope_scaling: { rope_type: 'dynamic', factor: 2 } }],
  [
    'rope_parameters.rope_type',
    { rope_parameters: { rope_theta: 1e4, rope_type: 'proportional' } },
  ],
  ['sliding_window', { sliding_window: 4096 }],
  ['attn_logit_softcapping', { attn_logit_softcapping: 50 }],
  ['logits_scaling', { logits_scaling: 8 }],
  ['num_local_experts', { num_local_experts: 8 }],
  ['quantization_config.quant_method', { quantization_config: { quant_method: 'gptq', bits: 4 } }],
  ['do_layer_norm_before', { model_type: 'opt', ffn_dim: 160, do_layer_norm_before: false }],
  ['word_embed_proj_dim', { model_type: 'opt', ffn_dim: 160, word_embed_proj_dim: 32 }],
  ['swiglu_limit', { ...GPT_OSS, swiglu_limit: 5 }],
  [
    'quantization_config.quant_method',
    { ...GPT_OSS, quantization_config: { quant_method: 'mxfp4' } },
  ],
  ['decoder_sparse_step', { model_type: 'qwen3_moe', decoder_sparse_step: 2 }],
  [
    'layer_types',
    {
      model_type: 'mistral',
      sliding_window: 8,
      layer_types: ['full_attention', 'linear_attention', 'full_attention'],
    },
  ],
])('an option that the kernels do not know is refused by its name: %s', (option, changes) => {
  expect(() => read(changes)).toThrow(UnsupportedOptionError);
  expect(() => read(changes)).toThrow(`model: ${option} is `);
});
