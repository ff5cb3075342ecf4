import type { JsonValue } from '../formats/json_value.ts';
import { ARCHITECTURES } from '../model/architectures/index.ts';
import {
  checkKernelLimits,
  LARGEST_DIMENSION,
  LONGEST_CONTEXT,
  MOST_LAYERS,
} from '../model/check_config.ts';
import {
  ACTIVATIONS,
  BIASED_MATRICES,
  type ExpertsConfig,
  type LayerConfig,
  type ModelConfig,
  NORM_PLACEMENTS,
  NORMS,
  QK_NORMS,
  ROPE_STYLES,
  type RopeConfig,
} from '../model/config.ts';
import { UnsupportedDimensionError } from '../model/errors.ts';

/** No model has more rotary embeddings than kinds of layers. */
const MOST_ROPES = 16;

/** Reads a manifest's hyper-parameters, every field checked. */
export function readConfig(json: JsonValue): ModelConfig {
  const dimension = (name: keyof ModelConfig, max = LARGEST_DIMENSION) =>
    json.get(name).integer(1, max);
  const num_hidden_layers = dimension('num_hidden_layers', MOST_LAYERS);
  const num_attention_heads = dimension('num_attention_heads');
  const num_key_value_heads = dimension('num_key_value_heads', num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    json.get('num_key_value_heads').fail(`does not divide ${num_attention_heads} heads`);
  }
  const ropes = json.get('ropes').array(readRope);
  if (ropes.length > MOST_ROPES) json.get('ropes').fail(`has ${ropes.length} entries`);
  const layers = json.get('layers').array((layer) => readLayer(layer, ropes.length));
  if (layers.length !== num_hidden_layers) {
    json.get('layers').fail(`has ${layers.length} entries for ${num_hidden_layers} layers`);
  }
  const norm = json.get('norm');
  const positive = (name: keyof ModelConfig) => json.get(name).positive();
  const cap = (value: JsonValue) => value.positive();
  const config: ModelConfig = {
    architecture: json.get('architecture').oneOf(ARCHITECTURES.map(({ name }) => name)),
    num_hidden_layers,
    hidden_size: dimension('hidden_size'),
    num_attention_heads,
    num_key_value_heads,
    head_dim: dimension('head_dim'),
    intermediate_size: dimension('intermediate_size'),
    vocab_size: dimension('vocab_size'),
    max_position_embeddings: dimension('max_position_embeddings', LONGEST_CONTEXT),
    tie_word_embeddings: json.get('tie_word_embeddings').boolean(),
    norm: {
      kind: norm.get('kind').oneOf(NORMS),
      eps: norm.get('eps').positive(),
      weight_offset: norm.get('weight_offset').finite(),
    },
    norm_placement: json.get('norm_placement').oneOf(NORM_PLACEMENTS),
    activation: json.get('activation').oneOf(ACTIVATIONS),
    gated: json.get('gated').boolean(),
    biases: json.get('biases').array((matrix) => matrix.oneOf(BIASED_MATRICES)),
    ropes,
    layers,
    learned_positions: json.get('learned_positions').nullOr((positions) => ({
      first_row: positions.get('first_row').integer(0, LARGEST_DIMENSION),
    })),
    alibi: json.get('alibi').boolean(),
    embedding_norm: json.get('embedding_norm').boolean(),
    qk_norm: json.get('qk_norm').nullOr((kind) => kind.oneOf(QK_NORMS)),
    // Packs are older than the first model that has them.
    attention_sinks: json.optional('attention_sinks')?.boolean() ?? false,
    attention_scale: positive('attention_scale'),
    attention_softcap: json.get('attention_softcap').nullOr(cap),
    logit_softcap: json.get('logit_softcap').nullOr(cap),
    embedding_multiplier: positive('embedding_multiplier'),
    residual_multiplier: positive('residual_multiplier'),
    logit_multiplier: positive('logit_multiplier'),
    experts: json.get('experts').nullOr(readExperts),
  };
  const plain =
    config.gated && config.norm_placement === 'before' && config.residual_multiplier === 1;
  if (config.experts && !plain) {
    json.get('experts').fail('are not gated, or have a multiplier or a norm behind them');
  }
  if (config.residual_multiplier !== 1 && config.norm_placement !== 'before') {
    json.get('residual_multiplier').fail('is not 1 where a norm stands behind each block');
  }
  try {
    checkKernelLimits('', config);
  } catch (error) {
    if (!(error instanceof UnsupportedDimensionError)) throw error;
    json.fail(`is one that no kernel takes${error.message}`);
  }
  return config;
}

function readRope(json: JsonValue): RopeConfig {
  const dim = json.get('dim').integer(2, LARGEST_DIMENSION);
  const readFactors = (value: JsonValue): number[] => {
    const factors = value.array((factor) => factor.positive());
    if (factors.length !== dim / 2)
      value.fail(`has ${factors.length} entries for ${dim} dimensions`);
    return factors;
  };
  return {
    style: json.get('style').oneOf(ROPE_STYLES),
    dim,
    theta: json.get('theta').positive(),
    factors: json.get('factors').nullOr(readFactors),
    long: json.get('long').nullOr((long) => ({
      beyond: long.get('beyond').positive(),
      factors: readFactors(long.get('factors')),
    })),
    attention_factor: json.get('attention_factor').positive(),
  };
}

function readLayer(json: JsonValue, ropes: number): LayerConfig {
  return {
    rope: json.get('rope').nullOr((rope) => rope.integer(0, ropes - 1)),
    window: json.get('window').nullOr((length) => length.integer(1, LONGEST_CONTEXT)),
  };
}

function readExperts(json: JsonValue): ExpertsConfig {
  const count = json.get('count').integer(1, MOST_LAYERS);
  return {
    count,
    per_token: json.get('per_token').integer(1, count),
    normalised: json.get('normalised').boolean(),
  };
}
