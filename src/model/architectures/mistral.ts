import type { Architecture } from './architecture.ts';
import { LLAMA_ORIGINS, ROTARY_TABLES } from './architecture.ts';
import { slidingWindow } from './hugging_face.ts';

/** Llama with a window (Jiang et al. 2023); its GGUF files call themselves "llama". */
export const mistral: Architecture = {
  name: 'mistral',
  hugging_face: {
    names: ['mistral', 'ministral'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: { num_key_value_heads: 8, rms_norm_eps: 1e-6, sliding_window: 4096 },
    ignored: ROTARY_TABLES,
    read: (keys, config) => ({ layers: slidingWindow(keys, config, () => true) }),
  },
};
