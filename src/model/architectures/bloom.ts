import type { ModelConfig } from '../config.ts';
import type { Architecture, RowRun } from './architecture.ts';
import { classicBlocks, GGUF_FUSED_QKV, GGUF_ORIGINS } from './architecture.ts';
import { demand } from './hugging_face.ts';

const blocksOf = (config: ModelConfig) => ({
  ...classicBlocks(config, 'gelu_tanh'),
  alibi: true,
  embedding_norm: true,
});

/** Part 0, 1 or 2 of every head's query, key and value: head after head has all three. */
const ofEachHead =
  (part: number) =>
  ({ num_attention_heads, head_dim: rows }: ModelConfig): RowRun[] =>
    Array.from({ length: num_attention_heads }, (_, head) => ({
      first_row: (3 * head + part) * rows,
      rows,
    }));

/** BLOOM (Le Scao et al. 2022): ALiBi, and a norm on the embedding. */
export const bloom: Architecture = {
  name: 'bloom',
  gguf: {
    names: ['bloom'],
    rope_style: 'halves',
    origins: { ...GGUF_ORIGINS, ...GGUF_FUSED_QKV },
    read(keys, config) {
      demand(keys, 'attention.max_alibi_bias', [0, 8]);
      return blocksOf(config);
    },
  },
  hugging_face: {
    names: ['bloom'],
    prefixes: ['transformer.', ''],
    keys: {
      hidden_size: ['n_embed', 'hidden_size'],
      num_hidden_layers: ['n_layer', 'num_hidden_layers'],
      num_attention_heads: ['n_head', 'num_attention_heads'],
      intermediate_size: ['n_inner'],
      max_position_embeddings: ['seq_length'],
      eps: ['layer_norm_epsilon'],
    },
    defaults: { tie_word_embeddings: true, layer_norm_epsilon: 1e-5 },
    origins: {
      token_embd: 'word_embeddings',
      token_embd_norm: 'word_embeddings_layernorm',
      attn_norm: 'h.#.input_layernorm',
      attn_q: { name: 'h.#.self_attention.query_key_value', rows: ofEachHead(0) },
      attn_k: { name: 'h.#.self_attention.query_key_value', rows: ofEachHead(1) },
      attn_v: { name: 'h.#.self_attention.query_key_value', rows: ofEachHead(2) },
      attn_output: 'h.#.self_attention.dense',
      ffn_norm: 'h.#.post_attention_layernorm',
      ffn_up: 'h.#.mlp.dense_h_to_4h',
      ffn_down: 'h.#.mlp.dense_4h_to_h',
      output_norm: 'ln_f',
      output: 'lm_head',
    },
    read(keys, config) {
      demand(keys, 'apply_residual_connection_post_layernorm', [false]);
      return blocksOf(config);
    },
  },
};
