/** How large a model is, in the names of Hugging Face's `config.json`. */
export interface ModelSize {
  readonly num_hidden_layers: number;
  /** Width of the residual stream. */
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  /** Width of the feed-forward network; of one expert's where there are experts. */
  readonly intermediate_size: number;
  readonly vocab_size: number;
  /** Tokens of context that the model was trained for. */
  readonly max_position_embeddings: number;
  /** The output matrix is the embedding. */
  readonly tie_word_embeddings: boolean;
}

/** What the layers of a decoder-only transformer are made of: every choice that the kernels know. */
export interface ModelBlocks {
  readonly norm: NormConfig;
  /** Where a block's norm is: on its input, on what it adds to the residual stream, or both. */
  readonly norm_placement: NormPlacement;
  readonly activation: Activation;
  /** The activated half of the feed-forward network multiplies another one (Shazeer 2020). */
  readonly gated: boolean;
  /** Matrices to whose products a vector is added. */
  readonly biases: readonly BiasedMatrix[];
  /** The rotary embeddings that there are; each layer names one, or none. */
  readonly ropes: readonly RopeConfig[];
  /** One for each layer. */
  readonly layers: readonly LayerConfig[];
  /** A row for each position is added to the embedding, counted from this one. */
  readonly learned_positions: { readonly first_row: number } | null;
  /** Scores fall with the distance, in each head by another slope (Press et al. 2022). */
  readonly alibi: boolean;
  /** The embedding is normed before the first layer. */
  readonly embedding_norm: boolean;
  /** Queries and keys are normed before they turn: each head by itself, or all heads together. */
  readonly qk_norm: QkNorm | null;
  /** Each head has a learned score that belongs to no key: it takes its share of the attention, and gives nothing. */
  readonly attention_sinks: boolean;
  /** What scores are multiplied with. */
  readonly attention_scale: number;
  /** Scores s become cap tanh(s / cap). */
  readonly attention_softcap: number | null;
  readonly logit_softcap: number | null;
  readonly embedding_multiplier: number;
  /** What a block's output is multiplied with before it is added. */
  readonly residual_multiplier: number;
  readonly logit_multiplier: number;
  readonly experts: ExpertsConfig | null;
}

/** Hyper-parameters of a decoder-only transformer. */
export interface ModelConfig extends ModelSize, ModelBlocks {
  /** The name of its spec in `architectures`. */
  readonly architecture: string;
}

export const NORMS = ['rms', 'layer'] as const;
export interface NormConfig {
  /** RMSNorm (Zhang & Sennrich 2019), or LayerNorm with a bias (Ba et al. 2016). */
  readonly kind: (typeof NORMS)[number];
  readonly eps: number;
  /** What is added to the stored weights: Gemma's checkpoints hold w of a norm that multiplies by 1 + w. */
  readonly weight_offset: number;
}

export const NORM_PLACEMENTS = ['before', 'after', 'around'] as const;
export type NormPlacement = (typeof NORM_PLACEMENTS)[number];

/**
 * In the order of the numbers that the kernels know them by. `gelu_tanh` is GELU's approximation through tanh.
 * `clamped_silu` is gpt-oss's: x / (1 + exp(-1.702 x)) of an x of at most 7; what it gates is kept within 7 of 0, plus 1.
 */
export const ACTIVATIONS = ['silu', 'gelu', 'gelu_tanh', 'relu', 'clamped_silu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export const BIASED_MATRICES = [
  'attn_qkv',
  'attn_output',
  'ffn_gate_inp',
  'ffn_up',
  'ffn_down',
] as const;
/** `ffn_up` stands for the gate, too; `ffn_gate_inp` is the router of a mixture of experts. */
export type BiasedMatrix = (typeof BIASED_MATRICES)[number];

export const QK_NORMS = ['head', 'width'] as const;
export type QkNorm = (typeof QK_NORMS)[number];

export const ROPE_STYLES = ['neighbours', 'halves'] as const;
/** Rotary position embedding (Su et al. 2021). */
export interface RopeConfig {
  /** Which dimensions turn together: (0, 1), (2, 3) …, or i and dim / 2 + i. */
  readonly style: (typeof ROPE_STYLES)[number];
  /** The first `dim` dimensions of a head turn, the others stay. */
  readonly dim: number;
  readonly theta: number;
  /** What the frequency of each pair is divided by, `[dim / 2]`; null: by 1. */
  readonly factors: readonly number[] | null;
  /** Other factors, where the context may be longer than `beyond`. */
  readonly long: { readonly beyond: number; readonly factors: readonly number[] } | null;
  /** What cosines and sines are multiplied with. */
  readonly attention_factor: number;
}

export interface LayerConfig {
  /** Index into `ropes`; null: nothing turns. */
  readonly rope: number | null;
  /** A token sees so many positions, its own among them; null: all before it. */
  readonly window: number | null;
}

/** A mixture of experts (Shazeer et al. 2017): each token goes through the few that a router gives the most weight. */
export interface ExpertsConfig {
  readonly count: number;
  readonly per_token: number;
  /** The weights of the chosen ones are made to add up to 1. */
  readonly normalised: boolean;
}

/** RoPE as it was published. */
export function plainRope(dim: number, theta: number, style: RopeConfig['style']): RopeConfig {
  return { style, dim, theta, factors: null, long: null, attention_factor: 1 };
}

/** The blocks of Llama (Touvron et al. 2023), of which every other architecture is told by its differences. */
export function llamaBlocks(
  { num_hidden_layers, head_dim }: Pick<ModelSize, 'num_hidden_layers' | 'head_dim'>,
  eps: number,
  rope: RopeConfig,
): ModelBlocks {
  return {
    norm: { kind: 'rms', eps, weight_offset: 0 },
    norm_placement: 'before',
    activation: 'silu',
    gated: true,
    biases: [],
    ropes: [rope],
    layers: Array.from({ length: num_hidden_layers }, () => ({ rope: 0, window: null })),
    learned_positions: null,
    alibi: false,
    embedding_norm: false,
    qk_norm: null,
    attention_sinks: false,
    attention_scale: 1 / Math.sqrt(head_dim),
    attention_softcap: null,
    logit_softcap: null,
    embedding_multiplier: 1,
    residual_multiplier: 1,
    logit_multiplier: 1,
    experts: null,
  };
}
