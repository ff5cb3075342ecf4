import type { BufferView } from '../gpu/kernel.ts';
import { SPLITS } from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import { storedWidth } from '../model/tensors.ts';

/**
 * Activations of one pass, f32, `tokens` rows each; allocated once for the largest pass of so many sequences. A row that
 * a matrix multiplies has `storedWidth` places; those behind its values stay zero.
 */
export interface State {
  /** `[tokens, hidden_size]` the residual stream */
  readonly x: GPUBuffer;
  /** `[tokens, hidden_size]` after a norm, or what a block adds to x before that is normed or scaled */
  readonly normed: GPUBuffer;
  /** `[tokens, num_attention_heads + 2 num_key_value_heads, head_dim]` queries, keys and values */
  readonly qkv: GPUBuffer;
  /** `[tokens, num_attention_heads, head_dim]` what attention gathered */
  readonly attended: GPUBuffer;
  /** `[sequences, num_attention_heads, SPLITS, head_dim]` what attention gathered from some of the keys */
  readonly attention_parts: GPUBuffer;
  /** `[sequences, num_attention_heads, SPLITS, 2]` the maximum and sum of their weights */
  readonly attention_weights: GPUBuffer;
  /** `[tokens, 2 intermediate_size]` gate and up; `[tokens, intermediate_size]` where there is no gate */
  readonly gate_up: GPUBuffer;
  /** `[tokens, intermediate_size]` the activated middle of the feed-forward network */
  readonly ffn: GPUBuffer;
  /** `[tokens, experts]` the router's logits, and what it makes of them: how much each expert counts */
  readonly router: GPUBuffer;
  readonly routing: GPUBuffer;
  /** `[experts, tokens]` which tokens take each expert */
  readonly expert_tokens: GPUBuffer;
  /** `[experts]` each one's pass as a uniform, of EXPERT_PASS_BYTES: the number of its tokens, its own, and where its list begins */
  readonly expert_passes: GPUBuffer;
  /** `[tokens, hidden_size]` the rows that an expert takes, then what it makes of them */
  readonly expert_x: GPUBuffer;
  /** `[head_rows, hidden_size]` final hidden states of the tokens whose logits are wanted */
  readonly head_x: GPUBuffer;
  /** `[head_rows, vocab_size]` */
  readonly logits: GPUBuffer;
}

/** Tokens whose logits are computed at once when all of them are wanted. */
export const MAX_HEAD_ROWS = 64;

/** A uniform begins at a multiple of so many bytes (`minUniformBufferOffsetAlignment`). */
export const EXPERT_PASS_BYTES = 256;

/** Bytes of each. */
export function stateBytes(
  config: ModelConfig,
  tokens: number,
  sequences: number,
): Record<keyof State, number> {
  const { intermediate_size, head_dim } = config;
  const hidden = storedWidth(config.hidden_size);
  // No buffer is empty.
  const experts = config.experts?.count ?? 1;
  const { num_attention_heads, num_key_value_heads } = config;
  const splits = Math.min(tokens, sequences) * num_attention_heads * SPLITS;
  const head_rows = Math.min(tokens, MAX_HEAD_ROWS);
  const floats = (rows: number, width: number): number => rows * width * 4;
  return {
    x: floats(tokens, hidden),
    normed: floats(tokens, hidden),
    qkv: floats(tokens, (num_attention_heads + 2 * num_key_value_heads) * head_dim),
    attended: floats(tokens, storedWidth(num_attention_heads * head_dim)),
    attention_parts: floats(splits, Math.ceil(head_dim / 4) * 4),
    attention_weights: floats(splits, 2),
    gate_up: floats(tokens, (config.gated ? 2 : 1) * intermediate_size),
    ffn: floats(tokens, storedWidth(intermediate_size)),
    router: floats(tokens, experts),
    routing: floats(tokens, experts),
    expert_tokens: floats(tokens, experts),
    expert_passes: experts * EXPERT_PASS_BYTES,
    expert_x: config.experts ? floats(tokens, hidden) : 4,
    head_x: floats(head_rows, hidden),
    logits: floats(head_rows, config.vocab_size),
  };
}

export async function createState(
  ledger: BufferLedger,
  config: ModelConfig,
  tokens: number,
  sequences: number,
): Promise<State> {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffers: Partial<Record<keyof State, GPUBuffer>> = {};
  for (const [name, bytes] of Object.entries(stateBytes(config, tokens, sequences))) {
    const also = name === 'expert_passes' ? GPUBufferUsage.UNIFORM : 0;
    buffers[name as keyof State] = await ledger.create('activations', name, bytes, usage | also);
  }
  return buffers as State;
}

/** Row `row` of an activation `[rows, width]`. */
export function rowView(
  buffer: GPUBuffer,
  row: number,
  width: number,
): BufferView & { size: number } {
  return { buffer, offset: row * width * 4, size: width * 4 };
}
