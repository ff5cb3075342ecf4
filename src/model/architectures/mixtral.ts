import type { Architecture } from './architecture.ts';
import { LLAMA_ORIGINS, ROTARY_TABLES } from './architecture.ts';
import { slidingWindow } from './hugging_face.ts';

/** Mistral with experts (Jiang et al. 2024); its GGUF files call themselves "llama". */
export const mixtral: Architecture = {
  name: 'mixtral',
  hugging_face: {
    names: ['mixtral'],
    prefixes: ['model.', ''],
    origins: {
      ...LLAMA_ORIGINS,
      ffn_gate_inp: 'layers.#.block_sparse_moe.gate',
      'ffn_gate.*': 'layers.#.block_sparse_moe.experts.*.w1',
      'ffn_up.*': 'layers.#.block_sparse_moe.experts.*.w3',
      'ffn_down.*': 'layers.#.block_sparse_moe.experts.*.w2',
    },
    defaults: { num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 1_000_000 },
    ignored: ROTARY_TABLES,
    read(keys, config) {
      const count = keys.integer('num_local_experts', 1, 1024);
      const per_token = keys.integer('num_experts_per_tok', 1, count);
      return {
        layers: slidingWindow(keys, config, () => true),
        experts: { count, per_token, normalised: true },
      };
    },
  },
};
