import type { LayerConfig } from '../config.ts';
import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS } from './architecture.ts';
import { llamaBiases, switchedWindow } from './hugging_face.ts';

const INTERVAL = 4;

/** Some layers turn nothing ("NoPE", Yang et al. 2025). */
const without = (layers: readonly LayerConfig[], isWithout: (layer: number) => boolean) =>
  layers.map((layer, i) => (isWithout(i) ? { ...layer, rope: null } : layer));

/** SmolLM3: Llama without RoPE in every fourth layer, and with a window there if anywhere. */
export const smollm3: Architecture = {
  name: 'smollm3',
  gguf: {
    names: ['smollm3'],
    rope_style: 'neighbours',
    origins: GGUF_ORIGINS,
    read: (_, { layers }) => ({ layers: without(layers, (i) => (i + 1) % INTERVAL === 0) }),
  },
  hugging_face: {
    names: ['smollm3'],
    prefixes: ['model.', ''],
    origins: LLAMA_ORIGINS,
    defaults: {
      num_key_value_heads: 4,
      rms_norm_eps: 1e-6,
      rope_theta: 2_000_000,
      tie_word_embeddings: true,
    },
    read(keys, config) {
      const interval = keys.integer('no_rope_layer_interval', 1, 10_000, INTERVAL);
      // The list says 1 where a layer turns.
      const turns = keys.has('no_rope_layers') ? keys.booleans('no_rope_layers') : null;
      if (turns && turns.length !== config.num_hidden_layers) {
        keys.fail(
          'no_rope_layers',
          `has ${turns.length} entries for ${config.num_hidden_layers} layers`,
        );
      }
      const isWithout = (i: number) => (turns ? !turns[i] : (i + 1) % interval === 0);
      return {
        ...llamaBiases(keys),
        layers: without(switchedWindow(keys, config, isWithout), isWithout),
      };
    },
  },
};
