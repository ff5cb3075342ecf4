import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS, ROTARY_TABLES } from './architecture.ts';
import { lateWindow } from './hugging_face.ts';

export const QWEN_DEFAULTS = {
  num_key_value_heads: 32,
  rms_norm_eps: 1e-6,
  sliding_window: 4096,
  max_window_layers: 28,
};

/** Qwen2 and 2.5: Llama with biases on query, key and value. */
export const qwen2: Architecture = {
  name: 'qwen2',
  gguf: {
    names: ['qwen2'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read: () => ({ biases: ['attn_qkv'] }),
  },
  hugging_face: {
    names: ['qwen2'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: QWEN_DEFAULTS,
    ignored: ROTARY_TABLES,
    read: (keys, config) => ({ biases: ['attn_qkv'], layers: lateWindow(keys, config) }),
  },
};
