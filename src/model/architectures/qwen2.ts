import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS, ROTARY_TABLES } from './architecture.ts';
import { lateWindow } from './hugging_face.ts';

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
    ignored: ROTARY_TABLES,
    read: (keys, config) => ({ biases: ['attn_qkv'], layers: lateWindow(keys, config) }),
  },
};
