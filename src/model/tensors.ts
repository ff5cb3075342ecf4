import type { ModelConfig } from './config.ts';

/** A tensor of a pack. */
export interface TensorSpec {
  /** `[out_features, in_features]` for a matrix, `[n]` for a vector. */
  readonly shape: readonly number[];
  /** The same as it is stored: what kernels read in blocks of 32 is filled up with zeros. Vectors are F32. */
  readonly stored: readonly number[];
}

/** Tensors by name, in the order in which the forward pass uses them. */
export type TensorSpecs = Readonly<Record<string, TensorSpec>>;

/** Columns of a row are stored, and values of an activation kept, in so many places: a multiple of 32. */
export const storedWidth = (width: number): number => Math.ceil(width / 32) * 32;

const matrix = (rows: number, cols: number): TensorSpec => ({
  shape: [rows, cols],
  stored: [rows, storedWidth(cols)],
});
const vector = (length: number): TensorSpec => ({ shape: [length], stored: [length] });
/** A vector that multiplies an activation. */
const wide = (length: number): TensorSpec => ({ shape: [length], stored: [storedWidth(length)] });

/** The embedding; rows for positions; the norm behind both. */
export function embeddingTensors(config: ModelConfig): TensorSpecs {
  const { vocab_size, hidden_size, max_position_embeddings, learned_positions } = config;
  return {
    'token_embd.weight': matrix(vocab_size, hidden_size),
    ...(learned_positions && {
      'position_embd.weight': matrix(
        learned_positions.first_row + max_position_embeddings,
        hidden_size,
      ),
    }),
    ...(config.embedding_norm && norm(config, 'token_embd_norm')),
  };
}

/** A layer. Where there are experts, each one's matrices lie together, one expert after another. */
export function layerTensors(config: ModelConfig, layer: number): TensorSpecs {
  const { hidden_size, intermediate_size, head_dim, norm_placement, qk_norm, experts } = config;
  const query_size = config.num_attention_heads * head_dim;
  const key_value_size = config.num_key_value_heads * head_dim;
  const [before, after] = [norm_placement !== 'after', norm_placement !== 'before'];
  const has = (name: ModelConfig['biases'][number]) => config.biases.includes(name);
  const qk_width = (heads: number): number => (qk_norm === 'head' ? head_dim : heads * head_dim);
  const feedForward = (expert: string): TensorSpecs => ({
    ...(config.gated && { [`ffn_gate${expert}.weight`]: matrix(intermediate_size, hidden_size) }),
    [`ffn_up${expert}.weight`]: matrix(intermediate_size, hidden_size),
    ...(config.gated && has('ffn_up') && { [`ffn_gate${expert}.bias`]: vector(intermediate_size) }),
    ...(has('ffn_up') && { [`ffn_up${expert}.bias`]: vector(intermediate_size) }),
    [`ffn_down${expert}.weight`]: matrix(hidden_size, intermediate_size),
    ...(has('ffn_down') && { [`ffn_down${expert}.bias`]: vector(hidden_size) }),
  });
  const tensors: TensorSpecs = {
    ...(before && norm(config, 'attn_norm')),
    'attn_q.weight': matrix(query_size, hidden_size),
    'attn_k.weight': matrix(key_value_size, hidden_size),
    'attn_v.weight': matrix(key_value_size, hidden_size),
    ...(has('attn_qkv') && {
      'attn_q.bias': vector(query_size),
      'attn_k.bias': vector(key_value_size),
      'attn_v.bias': vector(key_value_size),
    }),
    ...(qk_norm && {
      'attn_q_norm.weight': vector(qk_width(config.num_attention_heads)),
      'attn_k_norm.weight': vector(qk_width(config.num_key_value_heads)),
    }),
    ...(config.attention_sinks && { 'attn_sinks.weight': vector(config.num_attention_heads) }),
    'attn_output.weight': matrix(hidden_size, query_size),
    ...(has('attn_output') && { 'attn_output.bias': vector(hidden_size) }),
    ...(after && norm(config, 'post_attention_norm')),
    ...(before && norm(config, 'ffn_norm')),
    ...(experts
      ? {
          'ffn_gate_inp.weight': matrix(experts.count, hidden_size),
          ...(has('ffn_gate_inp') && { 'ffn_gate_inp.bias': vector(experts.count) }),
          ...Object.assign(
            {},
            ...Array.from({ length: experts.count }, (_, expert) => feedForward(`.${expert}`)),
          ),
        }
      : feedForward('')),
    ...(after && norm(config, 'post_ffw_norm')),
  };
  return Object.fromEntries(
    Object.entries(tensors).map(([role, spec]) => [`blk.${layer}.${role}`, spec]),
  );
}

/** The final norm, and the output matrix unless it is the embedding. */
export function headTensors(config: ModelConfig): TensorSpecs {
  const { hidden_size, vocab_size, tie_word_embeddings } = config;
  return {
    ...norm(config, 'output_norm'),
    ...(!tie_word_embeddings && { 'output.weight': matrix(vocab_size, hidden_size) }),
  };
}

function norm({ hidden_size, norm: { kind } }: ModelConfig, name: string): TensorSpecs {
  return {
    [`${name}.weight`]: wide(hidden_size),
    ...(kind === 'layer' && { [`${name}.bias`]: wide(hidden_size) }),
  };
}
