import type { MetadataValue } from '../../formats/checkpoint.ts';
import type { Activation, BiasedMatrix, ModelConfig, ModelSize, RopeConfig } from '../config.ts';
import { UnsupportedOptionError } from '../errors.ts';
import type { Metadata } from '../metadata.ts';
import {
  linearFactors,
  llama3Factors,
  longropeAttention,
  yarnAttention,
  yarnFactors,
} from '../rope_scaling.ts';
import { shown } from '../shown.ts';
import { windowed } from './architecture.ts';

const LONGEST = 2 ** 31;

/** The names that `config.json` has for activations. */
const ACTIVATION_NAMES: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  gelu_python_tanh: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
};

/** @throws UnsupportedOptionError unless the key is missing, or its value one of these */
export function demand(keys: Metadata, key: string, allowed: readonly MetadataValue[]): void {
  const value = keys.get(key);
  if (value === undefined || allowed.some((item) => JSON.stringify(item) === JSON.stringify(value)))
    return;
  refuse(keys, key, value, allowed.map(shown).join(' or ') || 'not there');
}

function refuse(keys: Metadata, key: string, value: MetadataValue, needed: string): never {
  const option = keys.fullKey(key);
  throw new UnsupportedOptionError({ source: keys.source, option, value: shown(value), needed });
}

export function activationOf(keys: Metadata, key: string, missing: string): Activation {
  const name = keys.string(key, missing);
  if (Object.hasOwn(ACTIVATION_NAMES, name)) return ACTIVATION_NAMES[name]!;
  refuse(keys, key, name, Object.keys(ACTIVATION_NAMES).join(', '));
}

export const attentionBiases = (keys: Metadata): BiasedMatrix[] =>
  keys.boolean('attention_bias', false) ? ['attn_qkv', 'attn_output'] : [];

/** Biases by two switches. */
export const llamaBiases = (keys: Metadata): Pick<ModelConfig, 'biases'> => ({
  biases: [
    ...attentionBiases(keys),
    ...(keys.boolean('mlp_bias', false) ? (['ffn_up', 'ffn_down'] as const) : []),
  ],
});

/** The window, in the layers that a list names ("layer_types"), else in those that `isWindowed` says. */
export function slidingWindow(
  keys: Metadata,
  config: ModelConfig,
  isWindowed: (layer: number) => boolean,
): ModelConfig['layers'] {
  const window = keys.integer('sliding_window', 1, LONGEST, null);
  if (window === null) return config.layers;
  const types = keys.has('layer_types') ? keys.strings('layer_types') : null;
  if (types && types.length !== config.num_hidden_layers) {
    keys.fail('layer_types', `has ${types.length} entries for ${config.num_hidden_layers} layers`);
  }
  for (const type of types ?? []) {
    if (type === 'full_attention' || type === 'sliding_attention') continue;
    refuse(keys, 'layer_types', type, 'full_attention or sliding_attention');
  }
  return windowed(config, window, (layer) =>
    types ? types[layer] === 'sliding_attention' : isWindowed(layer),
  );
}

/** A window that has a switch of its own. */
export function switchedWindow(
  keys: Metadata,
  config: ModelConfig,
  isWindowed: (layer: number) => boolean,
): ModelConfig['layers'] {
  // Asked for in any case: a window that is switched off is none.
  keys.get('sliding_window');
  return keys.boolean('use_sliding_window', false)
    ? slidingWindow(keys, config, isWindowed)
    : config.layers;
}

/** Qwen's window: from a layer on. */
export function lateWindow(keys: Metadata, config: ModelConfig): ModelConfig['layers'] {
  return switchedWindow(
    keys,
    config,
    (layer) => layer >= keys.integer('max_window_layers', 0, LONGEST),
  );
}

/**
 * The rotary embedding of a `config.json`.
 * @param group what the names of its keys begin with
 * @param base the key that has theta where the group does not
 */
export function ropeOf(
  keys: Metadata,
  size: Pick<ModelSize, 'head_dim' | 'max_position_embeddings'>,
  group = keys.holds('rope_parameters.') ? 'rope_parameters.' : 'rope_scaling.',
  base = 'rope_theta',
): RopeConfig {
  const key = (name: string): string => group + name;
  const theta = keys.positive(key('rope_theta'), null) ?? keys.positive(base, 10_000);
  const share =
    keys.positive(key('partial_rotary_factor'), null) ?? keys.positive('partial_rotary_factor', 1);
  const dim = Math.trunc(size.head_dim * share);
  const type = keys.string(key('rope_type'), null) ?? keys.string(key('type'), 'default');
  const length = size.max_position_embeddings;
  const original_length =
    keys.positive('original_max_position_embeddings', null) ??
    keys.positive(key('original_max_position_embeddings'), length);
  const rope: RopeConfig = {
    style: 'halves',
    dim,
    theta,
    factors: null,
    long: null,
    attention_factor: 1,
  };
  switch (type) {
    case 'default':
      return rope;
    case 'linear':
      return { ...rope, factors: linearFactors(rope, keys.positive(key('factor'))) };
    case 'llama3': {
      const scaling = {
        factor: keys.positive(key('factor')),
        low_freq_factor: keys.positive(key('low_freq_factor')),
        high_freq_factor: keys.positive(key('high_freq_factor')),
        original_length,
      };
      return { ...rope, factors: llama3Factors(rope, scaling) };
    }
    case 'yarn': {
      const factor = keys.positive(key('factor'));
      const scale = keys.positive(key('mscale'), null);
      const scale_all = keys.positive(key('mscale_all_dim'), null);
      const usual =
        scale && scale_all
          ? yarnAttention(factor, scale) / yarnAttention(factor, scale_all)
          : yarnAttention(factor);
      const factors = yarnFactors(rope, {
        factor,
        original_length,
        beta_fast: keys.positive(key('beta_fast'), 32),
        beta_slow: keys.positive(key('beta_slow'), 1),
        truncate: keys.boolean(key('truncate'), true),
      });
      return {
        ...rope,
        factors,
        attention_factor: keys.positive(key('attention_factor'), usual),
      };
    }
    case 'longrope':
    case 'su': {
      const factorsOf = (name: string): number[] => {
        const factors = keys.numbers(key(name));
        if (factors.length === dim / 2 && factors.every((factor) => factor > 0)) return factors;
        keys.fail(key(name), `is not ${dim / 2} numbers above 0`);
      };
      const factor = keys.positive(key('factor'), length / original_length);
      const usual = longropeAttention(factor, original_length);
      return {
        ...rope,
        factors: factorsOf('short_factor'),
        long: { beyond: original_length, factors: factorsOf('long_factor') },
        attention_factor: keys.positive(key('attention_factor'), usual),
      };
    }
    default:
      refuse(keys, key('rope_type'), type, 'default, linear, llama3, yarn or longrope');
  }
}
