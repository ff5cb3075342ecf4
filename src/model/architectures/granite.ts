import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS } from './architecture.ts';
import { llamaBiases } from './hugging_face.ts';

/** Granite 3: Llama with multipliers. */
export const granite: Architecture = {
  name: 'granite',
  gguf: {
    names: ['granite'],
    rope_style: 'neighbours',
    origins: GGUF_ORIGINS,
    read: (keys, { attention_scale }) => ({
      attention_scale: keys.positive('attention.scale', attention_scale),
      embedding_multiplier: keys.positive('embedding_scale', 1),
      residual_multiplier: keys.positive('residual_scale', 1),
      logit_multiplier: 1 / keys.positive('logit_scale', 1),
    }),
  },
  hugging_face: {
    names: ['granite'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: { rms_norm_eps: 1e-6 },
    read: (keys) => ({
      ...llamaBiases(keys),
      attention_scale: keys.positive('attention_multiplier', 1),
      embedding_multiplier: keys.positive('embedding_multiplier', 1),
      residual_multiplier: keys.positive('residual_multiplier', 1),
      logit_multiplier: 1 / keys.positive('logits_scaling', 1),
    }),
  },
};
