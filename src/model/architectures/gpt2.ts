import type { Architecture } from './architecture.ts';
import {
  classicBlocks,
  GGUF_FUSED_QKV,
  GGUF_ORIGINS,
  keyRows,
  queryRows,
  valueRows,
} from './architecture.ts';
import { activationOf, demand } from './hugging_face.ts';

const LEARNED = { learned_positions: { first_row: 0 } };

/** GPT-2 (Radford et al. 2019); its matrices are stored as `[in_features, out_features]` ("Conv1D"). */
export const gpt2: Architecture = {
  name: 'gpt2',
  gguf: {
    names: ['gpt2'],
    rope_style: 'halves',
    origins: { ...GGUF_ORIGINS, ...GGUF_FUSED_QKV },
    read: (_, config) => ({ ...classicBlocks(config, 'gelu_tanh'), ...LEARNED }),
  },
  hugging_face: {
    names: ['gpt2'],
    prefixes: ['transformer.', ''],
    keys: {
      num_hidden_layers: ['n_layer', 'num_hidden_layers'],
      hidden_size: ['n_embd', 'hidden_size'],
      num_attention_heads: ['n_head', 'num_attention_heads'],
      intermediate_size: ['n_inner'],
      max_position_embeddings: ['n_positions', 'max_position_embeddings'],
      eps: ['layer_norm_epsilon'],
    },
    defaults: { tie_word_embeddings: true, layer_norm_epsilon: 1e-5 },
    origins: {
      token_embd: 'wte',
      position_embd: 'wpe',
      attn_norm: 'h.#.ln_1',
      attn_q: { name: 'h.#.attn.c_attn', rows: queryRows, transposed: true },
      attn_k: { name: 'h.#.attn.c_attn', rows: keyRows, transposed: true },
      attn_v: { name: 'h.#.attn.c_attn', rows: valueRows, transposed: true },
      attn_output: { name: 'h.#.attn.c_proj', transposed: true },
      ffn_norm: 'h.#.ln_2',
      ffn_up: { name: 'h.#.mlp.c_fc', transposed: true },
      ffn_down: { name: 'h.#.mlp.c_proj', transposed: true },
      output_norm: 'ln_f',
      output: 'lm_head',
    },
    ignored: /\.attn\.(masked_)?bias$/,
    read(keys, config) {
      demand(keys, 'scale_attn_weights', [true]);
      demand(keys, 'scale_attn_by_inverse_layer_idx', [false]);
      demand(keys, 'add_cross_attention', [false]);
      const activation = activationOf(keys, 'activation_function', 'gelu_new');
      return { ...classicBlocks(config, activation), ...LEARNED };
    },
  },
};
