import type { BufferView } from '../gpu/kernel.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';

/** Activations of one pass, f32, `tokens` rows each; allocated once for the largest pass. */
export interface State {
  /** `[tokens, hidden_size]` the residual stream */
  readonly x: GPUBuffer;
  /** `[tokens, hidden_size]` after a norm */
  readonly normed: GPUBuffer;
  /** `[tokens, num_attention_heads, head_dim]` */
  readonly q: GPUBuffer;
  /** `[tokens, num_key_value_heads, head_dim]` */
  readonly k: GPUBuffer;
  /** `[tokens, num_key_value_heads, head_dim]` */
  readonly v: GPUBuffer;
  /** `[tokens, num_attention_heads, head_dim]` what attention gathered */
  readonly attended: GPUBuffer;
  /** `[tokens, intermediate_size]` */
  readonly gate: GPUBuffer;
  /** `[tokens, intermediate_size]` */
  readonly up: GPUBuffer;
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
): Promise<State> {
  const { hidden_size, head_dim, num_attention_heads, num_key_value_heads } = config;
  const head_rows = Math.min(tokens, MAX_HEAD_ROWS);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const floats = (label: string, rows: number, width: number): Promise<GPUBuffer> =>
    ledger.create('activations', label, rows * width * 4, usage);
  return {
    x: await floats('x', tokens, hidden_size),
    normed: await floats('normed', tokens, hidden_size),
    q: await floats('q', tokens, num_attention_heads * head_dim),
    k: await floats('k', tokens, num_key_value_heads * head_dim),
    v: await floats('v', tokens, num_key_value_heads * head_dim),
    attended: await floats('attended', tokens, num_attention_heads * head_dim),
    gate: await floats('gate', tokens, config.intermediate_size),
    up: await floats('up', tokens, config.intermediate_size),
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
