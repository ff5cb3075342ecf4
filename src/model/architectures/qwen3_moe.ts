import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS } from './architecture.ts';
import { attentionBiases, demand, switchedWindow } from './hugging_face.ts';

const MOST_EXPERTS = 1024;

/** Qwen3 with experts in every layer. */
export const qwen3_moe: Architecture = {
  name: 'qwen3_moe',
  gguf: {
    names: ['qwen3moe'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read(keys) {
      const count = keys.integer('expert_count', 1, MOST_EXPERTS);
      const per_token = keys.integer('expert_used_count', 1, count);
      return {
        qk_norm: 'head',
        intermediate_size: keys.integer('expert_feed_forward_length', 1, 2 ** 26),
        experts: { count, per_token, normalised: true },
      };
    },
  },
  hugging_face: {
    names: ['qwen3_moe'],
    prefixes: ['model.', ''],
    origins: {
      ...LLAMA_ORIGINS,
      ffn_gate_inp: 'layers.#.mlp.gate',
      'ffn_gate.*': 'layers.#.mlp.experts.*.gate_proj',
      'ffn_up.*': 'layers.#.mlp.experts.*.up_proj',
      'ffn_down.*': 'layers.#.mlp.experts.*.down_proj',
    },
    defaults: { num_key_value_heads: 4, rms_norm_eps: 1e-6, sliding_window: 4096 },
    read(keys, config) {
      demand(keys, 'decoder_sparse_step', [1]);
      demand(keys, 'mlp_only_layers', [[]]);
      const key = keys.has('num_experts') ? 'num_experts' : 'num_local_experts';
      const count = keys.integer(key, 1, MOST_EXPERTS);
      const per_token = keys.integer('num_experts_per_tok', 1, count);
      return {
        qk_norm: 'head',
        biases: attentionBiases(keys),
        layers: switchedWindow(keys, config, () => true),
        intermediate_size: keys.integer('moe_intermediate_size', 1, 2 ** 26),
        experts: { count, per_token, normalised: keys.boolean('norm_topk_prob', false) },
      };
    },
  },
};
