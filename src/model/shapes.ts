import { llamaBlocks, type ModelConfig, type ModelSize, plainRope } from './config.ts';

/** What tells one model of the Llama architecture from another, and costs time and memory. */
export interface Shape extends ModelSize {
  readonly rope_theta: number;
}

/** A model of such a shape, with RoPE as GGUF's Llamas have it. */
export function llamaConfig({ rope_theta, ...size }: Shape, eps = 1e-5): ModelConfig {
  const rope = plainRope(size.head_dim, rope_theta, 'neighbours');
  return { architecture: 'llama', ...size, ...llamaBlocks(size, eps, rope) };
}

/**
 * The dimensions of published models, from their `config.json`. All become checkpoints of the Llama architecture:
 * `qwen3-4b` lacks the norms that Qwen3 has on queries and keys, and no shape stretches RoPE for contexts beyond
 * `max_position_embeddings`.
 */
export const SHAPES = {
  'smollm2-135m': {
    num_hidden_layers: 30,
    hidden_size: 576,
    intermediate_size: 1536,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    head_dim: 64,
    vocab_size: 49_152,
    max_position_embeddings: 8192,
    rope_theta: 100_000,
    tie_word_embeddings: true,
  },
  'llama-1b': {
    num_hidden_layers: 16,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    vocab_size: 128_256,
    max_position_embeddings: 8192,
    rope_theta: 500_000,
    tie_word_embeddings: true,
  },
  'qwen3-4b': {
    num_hidden_layers: 36,
    hidden_size: 2560,
    intermediate_size: 9728,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 151_936,
    max_position_embeddings: 40_960,
    rope_theta: 1_000_000,
    tie_word_embeddings: true,
  },
  'llama-8b': {
    num_hidden_layers: 32,
    hidden_size: 4096,
    intermediate_size: 14_336,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 128_256,
    max_position_embeddings: 8192,
    rope_theta: 500_000,
    tie_word_embeddings: false,
  },
  'llama-70b': {
    num_hidden_layers: 80,
    hidden_size: 8192,
    intermediate_size: 28_672,
    num_attention_heads: 64,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 128_256,
    max_position_embeddings: 8192,
    rope_theta: 500_000,
    tie_word_embeddings: false,
  },
  /** A small one, meant to be changed by options. */
  custom: {
    num_hidden_layers: 2,
    hidden_size: 256,
    intermediate_size: 768,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 64,
    vocab_size: 512,
    max_position_embeddings: 2048,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  },
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof SHAPES;
