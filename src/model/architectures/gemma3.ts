import { type LayerConfig, type ModelConfig, plainRope, type RopeConfig } from '../config.ts';
import type { Architecture } from './architecture.ts';
import { GGUF_ORIGINS } from './architecture.ts';
import { GEMMA_DEFAULTS, GEMMA_ORIGINS, gemmaBlocks, gemmaScale } from './gemma2.ts';
import { activationOf, attentionBiases, demand, ropeOf, slidingWindow } from './hugging_face.ts';

const LOCAL_THETA = 10_000;
const PATTERN = 6;

/** Layers with a window turn by another rotary embedding than the others. */
function localRope(
  layers: readonly LayerConfig[],
  [global]: ModelConfig['ropes'],
  local: RopeConfig,
): Pick<ModelConfig, 'ropes' | 'layers'> {
  return {
    ropes: [global!, local],
    layers: layers.map((layer) => ({ ...layer, rope: layer.window === null ? 0 : 1 })),
  };
}

/** Gemma 3's text model (Kamath et al. 2025): norms on queries and keys, five layers with a window to one without. */
export const gemma3: Architecture = {
  name: 'gemma3',
  gguf: {
    names: ['gemma3'],
    rope_style: 'halves',
    origins: GGUF_ORIGINS,
    read(keys, config) {
      const { ropes } = config;
      const window = keys.integer('attention.sliding_window', 1, 2 ** 31);
      const layers = config.layers.map((layer, i) =>
        (i + 1) % PATTERN === 0 ? layer : { ...layer, window },
      );
      return {
        ...gemmaBlocks(config),
        ...localRope(layers, ropes, plainRope(ropes[0]!.dim, LOCAL_THETA, 'halves')),
        qk_norm: 'head',
        attention_scale: gemmaScale(config, 62),
      };
    },
  },
  hugging_face: {
    names: ['gemma3_text'],
    prefixes: ['model.', ''],
    origins: GEMMA_ORIGINS,
    defaults: { ...GEMMA_DEFAULTS, rope_theta: 1_000_000, rope_local_base_freq: LOCAL_THETA },
    read(keys, config) {
      demand(keys, 'use_bidirectional_attention', [false]);
      // Left over from Gemma 2: it may be there, and nothing uses it.
      keys.get('attn_logit_softcapping');
      const pattern = keys.integer('sliding_window_pattern', 1, 1000, PATTERN);
      const layers = slidingWindow(keys, config, (layer) => (layer + 1) % pattern !== 0);
      const group = 'rope_parameters.sliding_attention.';
      const local = ropeOf(keys, config, group, 'rope_local_base_freq');
      return {
        ...gemmaBlocks(config),
        ...localRope(layers, config.ropes, local),
        norm: { ...config.norm, weight_offset: 1 },
        activation: activationOf(keys, 'hidden_activation', 'gelu_pytorch_tanh'),
        qk_norm: 'head',
        attention_scale: keys.positive('query_pre_attn_scalar') ** -0.5,
        logit_softcap: keys.positive('final_logit_softcapping', null),
        biases: attentionBiases(keys),
      };
    },
  },
};
