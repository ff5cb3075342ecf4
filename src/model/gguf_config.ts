import type { Checkpoint, MetadataValue } from '../formats/checkpoint.ts';
import type { GgufDialect } from './architectures/architecture.ts';
import { ARCHITECTURES } from './architectures/index.ts';
import { LARGEST_DIMENSION, LONGEST_CONTEXT, MOST_LAYERS } from './check_config.ts';
import {
  llamaBlocks,
  type ModelConfig,
  type ModelSize,
  plainRope,
  type RopeConfig,
} from './config.ts';
import {
  MissingTensorError,
  UnsupportedArchitectureError,
  UnsupportedOptionError,
} from './errors.ts';
import { Metadata } from './metadata.ts';
import { linearFactors, yarnAttention, yarnFactors } from './rope_scaling.ts';
import { shown } from './shown.ts';

/** Keys behind the architecture's name that change what a layer computes, and the values that leave it as it is. */
const NEUTRAL_OPTIONS: Readonly<Record<string, readonly MetadataValue[]>> = {
  expert_count: [0],
  expert_shared_count: [0],
  leading_dense_block_count: [0],
  'attention.causal': [true],
  'attention.sliding_window': [0],
  'attention.scale': [0],
  'attention.clamp_kqv': [0],
  'attention.max_alibi_bias': [0],
  attn_logit_softcapping: [0],
  final_logit_softcapping: [0],
  embedding_scale: [0, 1],
  residual_scale: [0, 1],
  logit_scale: [0, 1],
  use_parallel_residual: [false],
};

/**
 * Hyper-parameters from a GGUF file's metadata, and from its tensors what the metadata leaves to them.
 * @throws UnsupportedArchitectureError, UnsupportedOptionError, MissingMetadataError, InvalidMetadataError,
 * MissingTensorError
 */
export function readGgufConfig(checkpoint: Checkpoint): {
  config: ModelConfig;
  dialect: GgufDialect;
} {
  const name = new Metadata(checkpoint).string('general.architecture');
  const architecture = ARCHITECTURES.find((spec) => spec.gguf?.names.includes(name));
  const dialect = architecture?.gguf;
  const { source } = checkpoint;
  if (!dialect) {
    throw new UnsupportedArchitectureError({
      source: source.name,
      key: 'general.architecture',
      architecture: name,
      supported: ARCHITECTURES.flatMap((spec) => spec.gguf?.names ?? []),
    });
  }
  const keys = new Metadata(checkpoint, `${name}.`);
  const size = readSize(checkpoint, keys);
  const layer_norm = keys.positive('attention.layer_norm_epsilon', null);
  const eps = keys.positive('attention.layer_norm_rms_epsilon', layer_norm ?? undefined);
  const llama: ModelConfig = {
    architecture: architecture.name,
    ...size,
    ...llamaBlocks(size, eps, readRope(checkpoint, keys, size, dialect.rope_style)),
  };
  const config = { ...llama, ...dialect.read?.(keys, llama) };
  for (const [option, neutral] of Object.entries(NEUTRAL_OPTIONS)) {
    if (keys.asked.has(option)) continue;
    const value = keys.get(option);
    if (value === undefined || neutral.includes(value)) continue;
    refuse(keys, option, value, neutral.map(shown).join(' or '));
  }
  return { config, dialect };
}

function refuse(keys: Metadata, key: string, value: MetadataValue, needed: string): never {
  const option = keys.fullKey(key);
  throw new UnsupportedOptionError({ source: keys.source, option, value: shown(value), needed });
}

function readSize(checkpoint: Checkpoint, keys: Metadata): ModelSize {
  const dimension = (name: string, missing?: number, max = LARGEST_DIMENSION): number =>
    keys.integer(name, 1, max, missing);
  const hidden_size = dimension('embedding_length');
  const num_attention_heads = dimension('attention.head_count');
  const num_key_value_heads = dimension('attention.head_count_kv', num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    const reason = `is ${num_key_value_heads}, which does not divide the ${num_attention_heads} query heads`;
    keys.fail('attention.head_count_kv', reason);
  }
  const head_dim = dimension('attention.key_length', hidden_size / num_attention_heads);
  const value_length = dimension('attention.value_length', head_dim);
  if (value_length !== head_dim) {
    refuse(keys, 'attention.value_length', value_length, `equal to the key length, ${head_dim}`);
  }
  return {
    num_hidden_layers: dimension('block_count', undefined, MOST_LAYERS),
    hidden_size,
    num_attention_heads,
    num_key_value_heads,
    head_dim,
    intermediate_size: dimension('feed_forward_length'),
    vocab_size: embeddingRows(checkpoint),
    max_position_embeddings: dimension('context_length', undefined, LONGEST_CONTEXT),
    tie_word_embeddings: !checkpoint.tensors.has('output.weight'),
  };
}

/** Tables of factors, Llama 3.1's and Phi-3's, are tensors of the file. */
function readRope(
  { tables }: Checkpoint,
  keys: Metadata,
  { head_dim, max_position_embeddings }: ModelSize,
  style: RopeConfig['style'],
): RopeConfig {
  const dim = keys.integer('rope.dimension_count', 1, head_dim, head_dim);
  const rope = plainRope(dim, keys.positive('rope.freq_base', 10_000), style);
  const factorsOf = (table: string): number[] | undefined => {
    const factors = tables.get(table);
    if (factors && (factors.length !== dim / 2 || !factors.every((factor) => factor > 0))) {
      keys.fail(
        'rope.dimension_count',
        `is ${dim}, and ${table} is not ${dim / 2} numbers above 0`,
      );
    }
    return factors && Array.from(factors);
  };
  const original_length = keys.positive(
    'rope.scaling.original_context_length',
    max_position_embeddings,
  );
  const attention_factor = keys.positive('rope.scaling.attn_factor', 1);
  const [short, long] = [
    factorsOf('rope_factors_short.weight'),
    factorsOf('rope_factors_long.weight'),
  ];
  if (short && long) {
    return {
      ...rope,
      attention_factor,
      factors: short,
      long: { beyond: original_length, factors: long },
    };
  }
  const tabled = factorsOf('rope_freqs.weight');
  if (tabled) return { ...rope, factors: tabled };

  // Older files say the factor alone.
  const scale = keys.has('rope.scaling.factor') ? 'rope.scaling.factor' : 'rope.scale_linear';
  const value = keys.get(scale);
  const factor = value === undefined || value === 0 ? 1 : keys.positive(scale);
  const type = keys.string('rope.scaling.type', factor === 1 ? 'none' : 'linear');
  switch (type) {
    case 'none':
      return rope;
    case 'linear':
      return factor === 1 ? rope : { ...rope, factors: linearFactors(rope, factor) };
    case 'yarn': {
      const factors = yarnFactors(rope, {
        factor,
        original_length,
        beta_fast: keys.positive('rope.scaling.yarn_beta_fast', 32),
        beta_slow: keys.positive('rope.scaling.yarn_beta_slow', 1),
        truncate: true,
      });
      return { ...rope, factors, attention_factor: attention_factor * yarnAttention(factor) };
    }
    default:
      refuse(keys, 'rope.scaling.type', type, 'none, linear or yarn');
  }
}

function embeddingRows({ source, tensors }: Checkpoint): number {
  const tensor = 'token_embd.weight';
  const info = tensors.get(tensor);
  if (!info) throw new MissingTensorError({ source: source.name, tensor });
  return info.shape[0]!;
}
