import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS, ROTARY_TABLES } from './architecture.ts';
import { llamaBiases } from './hugging_face.ts';

/** Llama 1 to 3 (Touvron et al. 2023), SmolLM, and what else has its layers. GGUF's "llama" may be a Mixtral. */
export const llama: Architecture = {
  name: 'llama',
  gguf: {
    names: ['llama'],
    rope_style: 'neighbours',
    origins: GGUF_ORIGINS,
    read(keys) {
      const count = keys.integer('expert_count', 0, 1024, 0);
      if (count === 0) return {};
      const per_token = keys.integer('expert_used_count', 1, count);
      return { experts: { count, per_token, normalised: true } };
    },
  },
  hugging_face: {
    names: ['llama'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: { rms_norm_eps: 1e-6 },
    ignored: ROTARY_TABLES,
    read: llamaBiases,
  },
};
