import type { BufferView } from '../gpu/kernel.ts';
import { SPLITS } from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';

/** Activations of one pass, f32, `tokens` rows each; allocated once for the largest pass of so many sequences. */
export interface State {
  /** `[tokens, hidden_size]` the residual stream */
  readonly x: GPUBuffer;
  /** `[tokens, hidden_size]` after a norm */
  readonly normed: GPUBuffer;
  /** `[tokens, num_attention_heads + 2 num_key_value_heads, head_dim]` queries, keys and values */
  readonly qkv: GPUBuffer;
  /** `[tokens, num_attention_heads, head_dim]` what attention gathered */
  readonly attended: GPUBuffer;
  /** `[sequences, num_attention_heads, SPLITS, head_dim]` what attention gathered from some of the keys */
  readonly attention_parts: GPUBuffer;
  /** `[sequences, num_attention_heads, SPLITS, 2]` the maximum and sum of their weights */
  readonly attention_weights: GPUBuffer;
  /** `[tokens, 2 intermediate_size]` gate and up */
  readonly gate_up: GPUBuffer;
  /** `[tokens, intermediate_size]` silu(gate) * up */
  readonly ffn: GPUBuffer;
  /** `[head_rows, hidden_size]` final hidden states of the tokens whose logits are wanted */
  readonly head_x: GPUBuffer;
  /** `[head_rows, vocab_size]` */
  readonly logits: GPUBuffer;
}

/** Tokens whose logits are computed at once when all of them are wanted. */
export const MAX_HEAD_ROWS = 64;

export async function createState(
  ledger: BufferLedger,
  config: ModelConfig,
  tokens: number,
  sequences: number,
): Promise<State> {
  const { hidden_size, intermediate_size, head_dim } = config;
  const { num_attention_heads, num_key_value_heads } = config;
  const splits = Math.min(tokens, sequences) * num_attention_heads * SPLITS;
  const head_rows = Math.min(tokens, MAX_HEAD_ROWS);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const floats = (label: string, rows: number, width: number): Promise<GPUBuffer> =>
    ledger.create('activations', label, rows * width * 4, usage);
  return {
    x: await floats('x', tokens, hidden_size),
    normed: await floats('normed', tokens, hidden_size),
    qkv: await floats('qkv', tokens, (num_attention_heads + 2 * num_key_value_heads) * head_dim),
    attended: await floats('attended', tokens, num_attention_heads * head_dim),
    attention_parts: await floats('attention parts', splits, head_dim),
    attention_weights: await floats('attention weights', splits, 2),
    gate_up: await floats('gate up', tokens, 2 * intermediate_size),
    ffn: await floats('ffn', tokens, intermediate_size),
    head_x: await floats('head x', head_rows, hidden_size),
    logits: await floats('logits', head_rows, config.vocab_size),
  };
}

/** Row `row` of an activation `[rows, width]`. */
export function rowView(
  buffer: GPUBuffer,
  row: number,
  width: number,
): BufferView & { size: number } {
  return { buffer, offset: row * width * 4, size: width * 4 };
}
