import type { Architecture } from './architecture.ts';
import {
  GGUF_FUSED_QKV,
  GGUF_ORIGINS,
  gateRows,
  keyRows,
  LLAMA_ORIGINS,
  queryRows,
  ROTARY_TABLES,
  upRows,
  valueRows,
  windowed,
} from './architecture.ts';
import { slidingWindow } from './hugging_face.ts';

/** Phi-3 and Phi-4-mini (Abdin et al. 2024): Llama with fused matrices. */
export const phi3: Architecture = {
  name: 'phi3',
  gguf: {
    names: ['phi3'],
    rope_style: 'halves',
    origins: {
      ...GGUF_ORIGINS,
      ...GGUF_FUSED_QKV,
      ffn_gate: { name: 'blk.#.ffn_up', rows: gateRows },
      ffn_up: { name: 'blk.#.ffn_up', rows: upRows },
    },
    read(keys, config) {
      const window = keys.integer('attention.sliding_window', 0, 2 ** 31, 0);
      return window > 0 ? { layers: windowed(config, window, () => true) } : {};
    },
  },
  hugging_face: {
    names: ['phi3'],
    prefixes: ['model.', ''],
    origins: {
      ...LLAMA_ORIGINS,
      attn_q: { name: 'layers.#.self_attn.qkv_proj', rows: queryRows },
      attn_k: { name: 'layers.#.self_attn.qkv_proj', rows: keyRows },
      attn_v: { name: 'layers.#.self_attn.qkv_proj', rows: valueRows },
      ffn_gate: { name: 'layers.#.mlp.gate_up_proj', rows: gateRows },
      ffn_up: { name: 'layers.#.mlp.gate_up_proj', rows: upRows },
    },
    defaults: { rms_norm_eps: 1e-5, original_max_position_embeddings: 4096 },
    ignored: ROTARY_TABLES,
    read: (keys, config) => ({ layers: slidingWindow(keys, config, () => true) }),
  },
};
