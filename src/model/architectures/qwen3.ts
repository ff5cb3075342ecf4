import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS } from './architecture.ts';
import { attentionBiases, lateWindow } from './hugging_face.ts';
import { QWEN_DEFAULTS } from './qwen2.ts';

/** Qwen3: Llama with a norm on each head's query and key. */
export const qwen3: Architecture = {
  name: 'qwen3',
  gguf: {
    names: ['qwen3'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read: () => ({ qk_norm: 'head' }),
  },
  hugging_face: {
    names: ['qwen3'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: { ...QWEN_DEFAULTS, head_dim: 128 },
    read: (keys, config) => ({
      qk_norm: 'head',
      biases: attentionBiases(keys),
      layers: lateWindow(keys, config),
    }),
  },
};
