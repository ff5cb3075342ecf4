import type { MetadataValue } from '../../formats/checkpoint.ts';
import type { Activation, ModelBlocks, ModelConfig, ModelSize } from '../config.ts';
import type { Metadata } from '../metadata.ts';

/** Rows of a tensor that lie side by side. */
export interface RowRun {
  readonly first_row: number;
  readonly rows: number;
}

/** Which part of a checkpoint's tensor a pack's tensor is. A bias has the rows of its matrix. */
export interface Origin {
  /** Without its ending; `#` stands for the layer, `*` for the expert. */
  readonly name: string;
  /** How the names of matrix and bias end: `.weight` and `.bias` unless given. */
  readonly endings?: { readonly weight: string; readonly bias: string };
  /** All rows unless given; `expert` counts those of a mixture. */
  readonly rows?: (config: ModelConfig, expert: number) => readonly RowRun[];
  /** The matrix is stored as `[in_features, out_features]`. */
  readonly transposed?: boolean;
  /**
   * The tensor holds those of all experts, `[experts, in_features, features]`, biases `[experts, features]`: rows are each
   * `step`-th feature from `first` on.
   */
  readonly stacked?: { readonly first: number; readonly step: number };
}

/**
 * Where the tensors of a pack come from, by their names in the pack without the layer: `attn_q`, `ffn_gate.*` for an
 * expert's. A text stands for a whole tensor.
 */
export type Origins = Readonly<Record<string, string | Origin>>;

/** How an architecture is told in one kind of checkpoint. */
export interface Dialect {
  /** `general.architecture` of a GGUF file, `model_type` of a `config.json`. */
  readonly names: readonly string[];
  readonly origins: Origins;
  /**
   * The blocks, where they are not Llama's: `llama` is what the common hyper-parameters give. Options that nobody asks
   * for must be neutral.
   */
  read?(keys: Metadata, llama: ModelConfig): Partial<ModelConfig>;
}

export interface GgufDialect extends Dialect {
  /** How the rows of query and key matrices are laid out for RoPE: most keep Hugging Face's order. */
  readonly rope_style: 'neighbours' | 'halves';
}

export interface HuggingFaceDialect extends Dialect {
  /** What tensors' names may begin with, all but the output matrix's. */
  readonly prefixes: readonly string[];
  /** Names of `config.json`'s keys, where they are not Llama's; of several, the first that is there counts. */
  readonly keys?: Partial<Record<keyof ModelSize | 'eps', readonly string[]>>;
  /** What the class of `transformers` takes missing keys for. A key that is null is none, but it is not missing. */
  readonly defaults?: Readonly<Record<string, MetadataValue>>;
  /** Tensors that hold nothing of the model's: masks, tables. */
  readonly ignored?: RegExp;
}

/** A family of models as plain data: what it is called and made of, in each kind of checkpoint. */
export interface Architecture {
  readonly name: string;
  readonly gguf?: GgufDialect;
  readonly hugging_face?: HuggingFaceDialect;
}

/** The query's, the key's and the value's rows of a matrix that holds all three, one after another. */
export const queryRows = ({ num_attention_heads, head_dim }: ModelConfig): RowRun[] => [
  { first_row: 0, rows: num_attention_heads * head_dim },
];
export const keyRows = (config: ModelConfig): RowRun[] =>
  after(queryRows(config), keyWidth(config));
export const valueRows = (config: ModelConfig): RowRun[] =>
  after(keyRows(config), keyWidth(config));

/** Gate above up. */
export const gateRows = ({ intermediate_size: rows }: ModelConfig): RowRun[] => [
  { first_row: 0, rows },
];
export const upRows = (config: ModelConfig): RowRun[] =>
  after(gateRows(config), config.intermediate_size);

const keyWidth = ({ num_key_value_heads, head_dim }: ModelConfig): number =>
  num_key_value_heads * head_dim;
const after = ([run]: readonly RowRun[], rows: number): RowRun[] => [
  { first_row: run!.first_row + run!.rows, rows },
];

/** An expert's matrix where those of all experts lie one under the other. */
const expertRows =
  (rows: (config: ModelConfig) => number): NonNullable<Origin['rows']> =>
  (config, expert) => [{ first_row: expert * rows(config), rows: rows(config) }];

/** GGUF's names are the pack's; experts share a tensor. */
export const GGUF_ORIGINS: Origins = {
  token_embd: 'token_embd',
  position_embd: 'position_embd',
  token_embd_norm: 'token_embd_norm',
  attn_norm: 'blk.#.attn_norm',
  attn_q: 'blk.#.attn_q',
  attn_k: 'blk.#.attn_k',
  attn_v: 'blk.#.attn_v',
  attn_q_norm: 'blk.#.attn_q_norm',
  attn_k_norm: 'blk.#.attn_k_norm',
  attn_sinks: 'blk.#.attn_sinks',
  attn_output: 'blk.#.attn_output',
  post_attention_norm: 'blk.#.post_attention_norm',
  ffn_norm: 'blk.#.ffn_norm',
  ffn_gate: 'blk.#.ffn_gate',
  ffn_up: 'blk.#.ffn_up',
  ffn_down: 'blk.#.ffn_down',
  ffn_gate_inp: 'blk.#.ffn_gate_inp',
  'ffn_gate.*': { name: 'blk.#.ffn_gate_exps', rows: expertRows((c) => c.intermediate_size) },
  'ffn_up.*': { name: 'blk.#.ffn_up_exps', rows: expertRows((c) => c.intermediate_size) },
  'ffn_down.*': { name: 'blk.#.ffn_down_exps', rows: expertRows((c) => c.hidden_size) },
  post_ffw_norm: 'blk.#.post_ffw_norm',
  output_norm: 'output_norm',
  output: 'output',
};

/** One matrix for query, key and value in a GGUF file. */
export const GGUF_FUSED_QKV: Origins = {
  attn_q: { name: 'blk.#.attn_qkv', rows: queryRows },
  attn_k: { name: 'blk.#.attn_qkv', rows: keyRows },
  attn_v: { name: 'blk.#.attn_qkv', rows: valueRows },
};

/** Llama's names, which many others have taken over. */
export const LLAMA_ORIGINS: Origins = {
  token_embd: 'embed_tokens',
  attn_norm: 'layers.#.input_layernorm',
  attn_q: 'layers.#.self_attn.q_proj',
  attn_k: 'layers.#.self_attn.k_proj',
  attn_v: 'layers.#.self_attn.v_proj',
  attn_q_norm: 'layers.#.self_attn.q_norm',
  attn_k_norm: 'layers.#.self_attn.k_norm',
  attn_output: 'layers.#.self_attn.o_proj',
  ffn_norm: 'layers.#.post_attention_layernorm',
  ffn_gate: 'layers.#.mlp.gate_proj',
  ffn_up: 'layers.#.mlp.up_proj',
  ffn_down: 'layers.#.mlp.down_proj',
  output_norm: 'norm',
  output: 'lm_head',
};

/** Tables that older versions of `transformers` saved. */
export const ROTARY_TABLES = /\.rotary_emb\.inv_freq$/;

/** A window in some layers. */
export function windowed(
  { layers }: ModelConfig,
  window: number,
  isWindowed: (layer: number) => boolean,
): ModelConfig['layers'] {
  return layers.map((layer, i) => (isWindowed(i) ? { ...layer, window } : layer));
}

/** What decoders were made of before Llama: LayerNorm, a bias everywhere, no gate, no rotary embedding. */
export function classicBlocks(config: ModelConfig, activation: Activation): Partial<ModelBlocks> {
  return {
    norm: { ...config.norm, kind: 'layer' },
    gated: false,
    activation,
    biases: ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'],
    ropes: [],
    layers: config.layers.map((layer) => ({ ...layer, rope: null })),
  };
}
