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

/** What is `undefined` is missing. */
const read = (changes: object) =>
  readHuggingFaceConfig(
    { source: new TestSource(new Uint8Array(), 'model') },
    JSON.parse(JSON.stringify({ ...LLAMA, ...changes })),
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
  expect(windows({ ...qwen2, use_sliding_window: true, max_window_layers: undefined })).toEqual([
    null,
    null,
    null,
  ]);
  const moe = { num_experts: 4, num_experts_per_tok: 2, moe_intermediate_size: 32 };
  const qwen3_moe = { ...qwen2, ...moe, model_type: 'qwen3_moe' };
  expect(windows({ ...qwen3_moe, use_sliding_window: true })).toEqual([8, 8, 8]);
  const smollm3 = { model_type: 'smollm3', sliding_window: 8, no_rope_layers: [1, 0, 1] };
  expect(windows({ ...smollm3, use_sliding_window: true })).toEqual([null, 8, null]);
  expect(windows({ ...smollm3, use_sliding_window: false })).toEqual([null, null, null]);
  expect(windows({ model_type: 'gemma2', sliding_window: 8 })).toEqual([8, null, 8]);
});

test('a missing key is what transformers takes it for, and null is none', () => {
  const gemma2 = { model_type: 'gemma2' };
  expect(read(gemma2)).toMatchObject({
    head_dim: 256,
    attention_softcap: 50,
    logit_softcap: 30,
    tie_word_embeddings: true,
    layers: [{ window: 4096 }, { window: null }, { window: 4096 }],
  });
  const off = { attn_logit_softcapping: null, final_logit_softcapping: null, head_dim: null };
  expect(read({ ...gemma2, ...off })).toMatchObject({
    head_dim: 16,
    attention_softcap: null,
    logit_softcap: null,
  });
  const heads = { num_attention_heads: 32, num_key_value_heads: undefined };
  expect(read({ ...heads, model_type: 'mistral' }).num_key_value_heads).toBe(8);
  expect(read({ ...heads, num_key_value_heads: null }).num_key_value_heads).toBe(32);
  const mixtral = { model_type: 'mixtral', num_local_experts: 4, num_experts_per_tok: 2 };
  expect(read(mixtral).ropes[0]!.theta).toBe(1e6);
  expect(read({ ...mixtral, model_type: 'gpt_oss' })).toMatchObject({
    head_dim: 64,
    ropes: [{ theta: 150_000 }],
    layers: [{ window: 128 }, { window: null }, { window: 128 }],
  });
  expect(read({ model_type: 'gemma3_text' }).ropes.map(({ theta }) => theta)).toEqual([1e6, 1e4]);
});

test('scaling counts also where its group leaves theta out', () => {
  const linear = { rope_type: 'linear', factor: 4 };
  const factors = Array(8).fill(4);
  expect(read({ rope_theta: 777, rope_parameters: linear }).ropes[0]).toMatchObject({
    theta: 777,
    factors,
  });
  const rope_parameters = { full_attention: linear, sliding_attention: { rope_type: 'default' } };
  expect(read({ model_type: 'gemma3_text', head_dim: 16, rope_parameters }).ropes).toMatchObject([
    { theta: 1e6, factors },
    { theta: 1e4, factors: null },
  ]);
});

test('Phi-3’s attention factor comes from its factor, if it has one, else from both lengths', () => {
  const scaling = {
    type: 'longrope',
    short_factor: Array(8).fill(1),
    long_factor: Array(8).fill(2),
  };
  const attentionFactor = (changes: object) =>
    read({
      model_type: 'phi3',
      original_max_position_embeddings: 32,
      rope_scaling: { ...scaling, ...changes },
    }).ropes[0]!.attention_factor;
  const usual = (factor: number) => Math.sqrt(1 + Math.log(factor) / Math.log(32));
  expect(attentionFactor({})).toBeCloseTo(usual(128 / 32), 12);
  expect(attentionFactor({ factor: 2 })).toBeCloseTo(usual(2), 12);
  expect(attentionFactor({ factor: 2, attention_factor: 1.5 })).toBe(1.5);
});

test('BLOOM goes by the names that its first checkpoints use, and by those of transformers', () => {
  const size = { num_hidden_layers: 2, hidden_size: 70, num_attention_heads: 7, head_dim: 10 };
  const bloom = { model_type: 'bloom', vocab_size: 320 };
  const dialects = [
    { n_embed: 70, n_layer: 2, num_attention_heads: 7 },
    { hidden_size: 70, n_layer: 2, n_head: 7 },
  ];
  for (const keys of dialects) {
    const { config } = readHuggingFaceConfig(
      { source: new TestSource(new Uint8Array(), 'model') },
      { ...bloom, ...keys },
    );
    expect(config).toMatchObject({ ...size, intermediate_size: 280, alibi: true });
  }
});

test('a switch that a family has and does not use changes nothing', () => {
  const gemma3 = { model_type: 'gemma3_text', head_dim: 16 };
  expect(read({ ...gemma3, attn_logit_softcapping: 50 })).toEqual(read(gemma3));
});

test('a head’s size is rounded down where the width is no multiple of the heads', () => {
  expect(read({ hidden_size: 70, num_attention_heads: 4 })).toMatchObject({ head_dim: 17 });
});

test('OPT may have no biases', () => {
  const opt = { model_type: 'opt', ffn_dim: 160 };
  expect(read(opt).biases).toHaveLength(4);
  expect(read({ ...opt, enable_bias: false }).biases).toEqual([]);
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
    { ...GPT_OSS, quantization_config: { quant_method: 'gptq' } },
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

test('of an option that has no neutral value the error says that it may not be there', () => {
  expect(() => read({ sliding_window: 4096 })).toThrow(
    'sliding_window is 4096, and Lamina only runs models where it is not there.',
  );
});
