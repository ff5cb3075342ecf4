import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS } from './architecture.ts';
import { attentionBiases } from './hugging_face.ts';

const BLOCKS = { norm_placement: 'after', qk_norm: 'width' } as const;

/** OLMo 2 (Walsh et al. 2024): norms behind the blocks, and on all queries and all keys together. */
export const olmo2: Architecture = {
  name: 'olmo2',
  gguf: {
    names: ['olmo2'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read: () => BLOCKS,
  },
  hugging_face: {
    names: ['olmo2'],
    prefixes: ['model.', ''],
    origins: {
      ...LLAMA_ORIGINS,
      post_attention_norm: 'layers.#.post_attention_layernorm',
      post_ffw_norm: 'layers.#.post_feedforward_layernorm',
    },
    defaults: { rms_norm_eps: 1e-5 },
    read: (keys) => ({ ...BLOCKS, biases: attentionBiases(keys) }),
  },
};
