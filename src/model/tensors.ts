import type { ModelConfig } from './config.ts';

/** Tensors by name, and their shapes: `[out_features, in_features]` for a matrix, `[n]` for a norm's weights, F32. */
export type TensorShapes = Readonly<Record<string, readonly number[]>>;

/** Which tensors a model consists of, part by part, each part in the order in which the forward pass uses it. */
export function embeddingShapes({ vocab_size, hidden_size }: ModelConfig): TensorShapes {
  return { 'token_embd.weight': [vocab_size, hidden_size] };
}

export function layerShapes(config: ModelConfig, layer: number): TensorShapes {
  const { hidden_size, intermediate_size, head_dim } = config;
  const query_size = config.num_attention_heads * head_dim;
  const key_value_size = config.num_key_value_heads * head_dim;
  const roles = {
    attn_norm: [hidden_size],
    attn_q: [query_size, hidden_size],
    attn_k: [key_value_size, hidden_size],
    attn_v: [key_value_size, hidden_size],
    attn_output: [hidden_size, query_size],
    ffn_norm: [hidden_size],
    ffn_gate: [intermediate_size, hidden_size],
    ffn_up: [intermediate_size, hidden_size],
    ffn_down: [hidden_size, intermediate_size],
  };
  return Object.fromEntries(
    Object.entries(roles).map(([role, shape]) => [`blk.${layer}.${role}.weight`, shape]),
  );
}

/** The final norm, and the output matrix unless it is the embedding. */
export function headShapes(config: ModelConfig): TensorShapes {
  const { hidden_size, vocab_size, tie_word_embeddings } = config;
  return {
    'output_norm.weight': [hidden_size],
    ...(!tie_word_embeddings && { 'output.weight': [vocab_size, hidden_size] }),
  };
}
