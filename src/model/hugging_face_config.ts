import type { Checkpoint, MetadataValue } from '../formats/checkpoint.ts';
import type { HuggingFaceDialect } from './architectures/architecture.ts';
import { activationOf, demand, ropeOf } from './architectures/hugging_face.ts';
import { ARCHITECTURES } from './architectures/index.ts';
import { LARGEST_DIMENSION, LONGEST_CONTEXT, MOST_LAYERS } from './check_config.ts';
import { llamaBlocks, type ModelConfig, type ModelSize } from './config.ts';
import { UnsupportedArchitectureError } from './errors.ts';
import { Metadata } from './metadata.ts';

/** Keys that change what a model computes, and the values that leave it as it is. */
const NEUTRAL_OPTIONS: Readonly<Record<string, readonly MetadataValue[]>> = {
  attention_bias: [false],
  mlp_bias: [false],
  sliding_window: [],
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  attention_multiplier: [],
  logits_scaling: [1],
  use_bidirectional_attention: [false],
  num_local_experts: [0, 1],
  num_experts: [0, 1],
  clip_qkv: [],
  is_encoder_decoder: [false],
  'quantization_config.quant_method': [],
};

/** `config.json` as keys: a nested object's are joined by dots. What is null is missing. */
export function flatKeys(document: unknown, prefix = ''): [string, MetadataValue][] {
  if (document === null || document === undefined) return [];
  if (typeof document === 'object' && !Array.isArray(document)) {
    return Object.entries(document).flatMap(([key, value]) =>
      flatKeys(value, prefix ? `${prefix}.${key}` : key),
    );
  }
  return [[prefix, document as MetadataValue]];
}

/**
 * Hyper-parameters from a `config.json`, of `transformers` 4 or 5.
 * @throws UnsupportedArchitectureError, UnsupportedOptionError, MissingMetadataError, InvalidMetadataError
 */
export function readHuggingFaceConfig(
  { source }: Pick<Checkpoint, 'source'>,
  document: unknown,
): { config: ModelConfig; dialect: HuggingFaceDialect } {
  const keysOf = (json: unknown) => new Metadata({ source, metadata: new Map(flatKeys(json)) });
  const name = keysOf(document).string('model_type');
  const architecture = ARCHITECTURES.find((spec) => spec.hugging_face?.names.includes(name));
  const dialect = architecture?.hugging_face;
  if (!dialect) {
    const supported = ARCHITECTURES.flatMap((spec) => spec.hugging_face?.names ?? []);
    throw new UnsupportedArchitectureError({
      source: source.name,
      key: 'model_type',
      architecture: name,
      supported,
    });
  }
  const keys = keysOf({ ...dialect.defaults, ...(document as object) });
  const size = readSize(keys, dialect);
  const eps = keys.positive(keyOf(keys, dialect, 'eps', 'rms_norm_eps'));
  const nested = 'rope_parameters.full_attention.';
  const rope = ropeOf(keys, size, keys.holds(nested) ? nested : undefined);
  const llama: ModelConfig = {
    architecture: architecture.name,
    ...size,
    ...llamaBlocks(size, eps, rope),
    activation: activationOf(keys, 'hidden_act', 'silu'),
  };
  const config = { ...llama, ...dialect.read?.(keys, llama) };
  for (const [option, neutral] of Object.entries(NEUTRAL_OPTIONS)) {
    if (!keys.asked.has(option)) demand(keys, option, neutral);
  }
  return { config, dialect };
}

/** Under which of its names a hyper-parameter is there. */
function keyOf(
  keys: Metadata,
  { keys: names }: HuggingFaceDialect,
  parameter: keyof ModelSize | 'eps',
  usual: string,
): string {
  const own = names?.[parameter] ?? [usual];
  return own.find((name) => keys.has(name)) ?? own[0]!;
}

function readSize(keys: Metadata, dialect: HuggingFaceDialect): ModelSize {
  const names = dialect.keys ?? {};
  const dimension = (name: keyof ModelSize, missing?: number, max = LARGEST_DIMENSION): number =>
    keys.integer(keyOf(keys, dialect, name, name), 1, max, missing);
  const hidden_size = dimension('hidden_size');
  const num_attention_heads = dimension('num_attention_heads');
  const num_key_value_heads = dimension('num_key_value_heads', num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    const reason = `is ${num_key_value_heads}, which does not divide the ${num_attention_heads} query heads`;
    keys.fail('num_key_value_heads', reason);
  }
  return {
    num_hidden_layers: dimension('num_hidden_layers', undefined, MOST_LAYERS),
    hidden_size,
    num_attention_heads,
    num_key_value_heads,
    head_dim: dimension('head_dim', Math.floor(hidden_size / num_attention_heads)),
    // GPT-2 and BLOOM leave it out.
    intermediate_size: dimension(
      'intermediate_size',
      names.intermediate_size ? 4 * hidden_size : undefined,
    ),
    vocab_size: dimension('vocab_size'),
    // BLOOM has no limit; what it was trained with is in its description only.
    max_position_embeddings: dimension(
      'max_position_embeddings',
      names.max_position_embeddings ? 2048 : undefined,
      LONGEST_CONTEXT,
    ),
    tie_word_embeddings: keys.boolean('tie_word_embeddings', false),
  };
}
