import type { ModelConfig } from '../config.ts';
import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS, windowed } from './architecture.ts';
import { activationOf, attentionBiases, slidingWindow } from './hugging_face.ts';

/** What all of Gemma 2 and 3 has: norms around both blocks, GELU, and the embedding times the square root of its width. */
export const gemmaBlocks = ({ hidden_size }: ModelConfig) =>
  ({
    norm_placement: 'around',
    activation: 'gelu_tanh',
    embedding_multiplier: Math.sqrt(hidden_size),
  }) as const;

export const GEMMA_ORIGINS = {
  ...LLAMA_ORIGINS,
  post_attention_norm: 'layers.#.post_attention_layernorm',
  ffn_norm: 'layers.#.pre_feedforward_layernorm',
  post_ffw_norm: 'layers.#.post_feedforward_layernorm',
};

export const GEMMA_DEFAULTS = {
  head_dim: 256,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-6,
  sliding_window: 4096,
  query_pre_attn_scalar: 256,
  tie_word_embeddings: true,
};

/** The scale of Gemma's largest models comes from the width of the model, that of all others from a head's. */
export function gemmaScale(config: ModelConfig, largest_layers: number): number {
  const { num_hidden_layers, hidden_size, num_attention_heads, head_dim } = config;
  const largest = num_hidden_layers === largest_layers;
  return 1 / Math.sqrt(largest ? hidden_size / num_attention_heads : head_dim);
}

/** Gemma 2 (Riviere et al. 2024): every other layer has a window; scores and logits are capped. */
export const gemma2: Architecture = {
  name: 'gemma2',
  gguf: {
    names: ['gemma2'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read: (keys, config) => ({
      ...gemmaBlocks(config),
      attention_scale: gemmaScale(config, 46),
      attention_softcap: keys.positive('attn_logit_softcapping', null),
      logit_softcap: keys.positive('final_logit_softcapping', null),
      layers: windowed(
        config,
        keys.integer('attention.sliding_window', 1, 2 ** 31, 4096),
        (layer) => layer % 2 === 0,
      ),
    }),
  },
  hugging_face: {
    names: ['gemma2'],
    prefixes: ['model.', ''],
    origins: GEMMA_ORIGINS,
    defaults: {
      ...GEMMA_DEFAULTS,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
    },
    read: (keys, config) => ({
      ...gemmaBlocks(config),
      norm: { ...config.norm, weight_offset: 1 },
      activation: activationOf(keys, 'hidden_activation', 'gelu_pytorch_tanh'),
      attention_scale: keys.positive('query_pre_attn_scalar') ** -0.5,
      attention_softcap: keys.positive('attn_logit_softcapping', null),
      logit_softcap: keys.positive('final_logit_softcapping', null),
      biases: attentionBiases(keys),
      layers: slidingWindow(keys, config, (layer) => layer % 2 === 0),
    }),
  },
};
