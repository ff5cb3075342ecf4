import type { Architecture } from './architecture.ts';
import { classicBlocks } from './architecture.ts';
import { activationOf, demand } from './hugging_face.ts';

/** OPT (Zhang et al. 2022): learned positions whose table begins with two rows for padding. */
export const opt: Architecture = {
  name: 'opt',
  hugging_face: {
    names: ['opt'],
    prefixes: ['model.decoder.', 'decoder.'],
    keys: { intermediate_size: ['ffn_dim'], eps: ['layer_norm_eps'] },
    defaults: { ffn_dim: 3072, tie_word_embeddings: true, layer_norm_eps: 1e-5 },
    origins: {
      token_embd: 'embed_tokens',
      position_embd: 'embed_positions',
      attn_norm: 'layers.#.self_attn_layer_norm',
      attn_q: 'layers.#.self_attn.q_proj',
      attn_k: 'layers.#.self_attn.k_proj',
      attn_v: 'layers.#.self_attn.v_proj',
      attn_output: 'layers.#.self_attn.out_proj',
      ffn_norm: 'layers.#.final_layer_norm',
      ffn_up: 'layers.#.fc1',
      ffn_down: 'layers.#.fc2',
      output_norm: 'final_layer_norm',
      output: 'lm_head',
    },
    read(keys, config) {
      // OPT-350m norms behind its blocks, and OPT-350m's embedding is narrower than its layers.
      demand(keys, 'do_layer_norm_before', [true]);
      demand(keys, 'word_embed_proj_dim', [config.hidden_size]);
      demand(keys, '_remove_final_layer_norm', [false]);
      demand(keys, 'layer_norm_elementwise_affine', [true]);
      const activation = activationOf(keys, 'activation_function', 'relu');
      return {
        ...classicBlocks(config, activation),
        ...(!keys.boolean('enable_bias', true) && { biases: [] }),
        learned_positions: { first_row: 2 },
      };
    },
  },
};
