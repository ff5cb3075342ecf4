import type { Checkpoint, MetadataValue } from '../formats/checkpoint.ts';
import type { ModelConfig } from './config.ts';
import {
  MissingTensorError,
  UnsupportedArchitectureError,
  UnsupportedDimensionError,
  UnsupportedOptionError,
} from './errors.ts';
import { Metadata } from './metadata.ts';
import { shown } from './shown.ts';

const MOST_LAYERS = 10_000;
/** The product of two dimensions is still a safe integer. */
const LARGEST_DIMENSION = 2 ** 26;
const LONGEST_CONTEXT = 2 ** 31;

/** Keys after `llama.` that change what a layer computes, and the values that leave it as it is. */
const NEUTRAL_OPTIONS: Readonly<Record<string, readonly MetadataValue[]>> = {
  expert_count: [0],
  'rope.scaling.type': ['none'],
  'rope.scaling.factor': [0, 1],
  'rope.scale_linear': [0, 1],
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
 * Hyper-parameters from a GGUF file's metadata, and from its tensors what the metadata leaves to them. Everything
 * that the kernels could not compute is refused here.
 * @throws UnsupportedArchitectureError, UnsupportedOptionError, UnsupportedDimensionError, MissingMetadataError,
 * InvalidMetadataError, MissingTensorError
 */
export function readConfig(checkpoint: Checkpoint): ModelConfig {
  const metadata = new Metadata(checkpoint);
  const architecture = metadata.string('general.architecture');
  if (architecture !== 'llama') {
    const supported = ['llama'];
    throw new UnsupportedArchitectureError({
      source: checkpoint.source.name,
      architecture,
      supported,
    });
  }
  refuseOptions(checkpoint, metadata);

  const dimension = (name: string, missing?: number, max = LARGEST_DIMENSION): number =>
    metadata.integer(`llama.${name}`, 1, max, missing);
  const hidden_size = dimension('embedding_length');
  const num_attention_heads = dimension('attention.head_count');
  const num_key_value_heads = dimension('attention.head_count_kv', num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    const reason = `is ${num_key_value_heads}, which does not divide the ${num_attention_heads} query heads`;
    metadata.fail('llama.attention.head_count_kv', reason);
  }
  const head_dim = dimension('attention.key_length', hidden_size / num_attention_heads);
  const value_length = dimension('attention.value_length', head_dim);
  if (value_length !== head_dim) {
    throw new UnsupportedOptionError({
      source: checkpoint.source.name,
      option: 'llama.attention.value_length',
      value: `${value_length}`,
      needed: `equal to the key length, ${head_dim}`,
    });
  }
  const config: ModelConfig = {
    architecture,
    num_hidden_layers: dimension('block_count', undefined, MOST_LAYERS),
    hidden_size,
    num_attention_heads,
    num_key_value_heads,
    head_dim,
    intermediate_size: dimension('feed_forward_length'),
    vocab_size: embeddingRows(checkpoint),
    max_position_embeddings: dimension('context_length', undefined, LONGEST_CONTEXT),
    rms_norm_eps: metadata.positive('llama.attention.layer_norm_rms_epsilon'),
    rope_theta: metadata.positive('llama.rope.freq_base', 10_000),
    rope_dim: dimension('rope.dimension_count', head_dim, head_dim),
    tie_word_embeddings: !checkpoint.tensors.has('output.weight'),
  };
  checkKernelLimits(checkpoint, config);
  return config;
}

function refuseOptions({ source, tensors }: Checkpoint, metadata: Metadata): void {
  for (const [name, neutral] of Object.entries(NEUTRAL_OPTIONS)) {
    const option = `llama.${name}`;
    const value = metadata.get(option);
    if (value !== undefined && !neutral.includes(value)) {
      const needed = neutral.map(shown).join(' or ');
      throw new UnsupportedOptionError({
        source: source.name,
        option,
        value: shown(value),
        needed,
      });
    }
  }
  // Llama 3.1's way to scale RoPE.
  if (tensors.has('rope_freqs.weight')) {
    throw new UnsupportedOptionError({
      source: source.name,
      option: 'rope_freqs.weight',
      value: 'there',
      needed: 'absent',
    });
  }
}

function embeddingRows({ source, tensors }: Checkpoint): number {
  const tensor = 'token_embd.weight';
  const info = tensors.get(tensor);
  if (!info) throw new MissingTensorError({ source: source.name, tensor });
  return info.shape[0]!;
}

/** What the headers of the .wgsl files demand. */
function checkKernelLimits({ source }: Checkpoint, config: ModelConfig): void {
  const { hidden_size, intermediate_size, num_attention_heads, head_dim, rope_dim } = config;
  const check = (dimension: string, value: number, fits: boolean, allowed: string): void => {
    if (fits) return;
    throw new UnsupportedDimensionError({ source: source.name, dimension, value, allowed });
  };
  check(
    'the size of a head',
    head_dim,
    head_dim % 4 === 0 && head_dim <= 256,
    'multiples of 4 up to 256',
  );
  check('the part of a head that RoPE turns', rope_dim, rope_dim % 2 === 0, 'even sizes');
  for (const [dimension, width] of [
    ['the hidden size', hidden_size],
    ['the width of the feed-forward network', intermediate_size],
    ['the width of all heads together', num_attention_heads * head_dim],
  ] as const) {
    check(dimension, width, width % 32 === 0, 'multiples of 32');
  }
}
