import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import { ropeTurns } from './rope.ts';

/** The tokens of one pass: some positions of one or several sequences, each sequence's tokens side by side. */
export interface Batch {
  /** `[tokens]` */
  readonly ids: Uint32Array;
  /** `[tokens]` position of each in its sequence */
  readonly positions: Uint32Array;
  /** `[tokens]` which sequence of the KV cache it belongs to */
  readonly sequences: Uint32Array;
}

/** Query rows that one workgroup of the attention kernel takes. */
const SPAN_ROWS = 4;

/** `length` tokens of one sequence, from position `first` on. */
export function batchOf(ids: ArrayLike<number>, first: number, sequence = 0): Batch {
  const length = ids.length;
  return {
    ids: Uint32Array.from(ids),
    positions: Uint32Array.from({ length }, (_, i) => first + i),
    sequences: new Uint32Array(length).fill(sequence),
  };
}

/** What the kernels read about a batch. */
export class BatchInputs {
  /** Uniform: the number of tokens. */
  readonly pass: GPUBuffer;
  /** Uniform: the number of tokens whose logits are wanted at once. */
  readonly head_pass: GPUBuffer;
  /** `[tokens]` (position, sequence) */
  readonly tokens: GPUBuffer;
  /** `[spans]` (first row, rows) for the attention kernel */
  readonly spans: GPUBuffer;
  /** `[tokens, rope_dim / 2]` (cosine, sine) */
  readonly turns: GPUBuffer;
  /** `[tokens]` 0, 1, 2 …: rows of the embedding that are read from disk arrive in the order of the tokens */
  readonly order: GPUBuffer;
  /** `[tokens]` the tokens themselves: rows of an embedding that stays on the GPU */
  readonly ids: GPUBuffer;
  /** Every sequence has just one token in the batch written last. */
  one_per_sequence = false;
  /** Spans of the batch written last. */
  span_count = 0;

  private readonly device: GPUDevice;
  private readonly config: ModelConfig;

  private constructor(device: GPUDevice, config: ModelConfig, buffers: readonly GPUBuffer[]) {
    this.device = device;
    this.config = config;
    [this.pass, this.head_pass, this.tokens, this.spans, this.turns, this.order, this.ids] =
      buffers as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
  }

  static async create(
    ledger: BufferLedger,
    config: ModelConfig,
    max_tokens: number,
  ): Promise<BatchInputs> {
    const buffers: GPUBuffer[] = [];
    for (const { label, bytes, binding } of inputBuffers(config, max_tokens)) {
      const usage = binding === 'uniform' ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      buffers.push(
        await ledger.create('activations', label, bytes, usage | GPUBufferUsage.COPY_DST),
      );
    }
    const inputs = new BatchInputs(ledger.device, config, buffers);
    const order = Uint32Array.from({ length: max_tokens }, (_, i) => i);
    ledger.device.queue.writeBuffer(inputs.order, 0, order);
    return inputs;
  }

  /** @param withIds false: the ids are on the GPU already */
  write(batch: Batch, withIds = true): void {
    const { queue } = this.device;
    if (withIds) queue.writeBuffer(this.ids, 0, batch.ids as Uint32Array<ArrayBuffer>);
    this.one_per_sequence = new Set(batch.sequences).size === batch.sequences.length;
    const tokens = new Uint32Array(batch.ids.length * 2);
    for (let i = 0; i < batch.ids.length; i++) {
      tokens[2 * i] = batch.positions[i]!;
      tokens[2 * i + 1] = batch.sequences[i]!;
    }
    const spans = spansOf(batch.sequences, this.config);
    this.span_count = spans.length / 2;
    queue.writeBuffer(this.pass, 0, Uint32Array.of(batch.ids.length));
    queue.writeBuffer(this.tokens, 0, tokens);
    queue.writeBuffer(this.spans, 0, spans);
    queue.writeBuffer(this.turns, 0, ropeTurns(this.config, batch.positions));
  }

  writeHeadRows(rows: number): void {
    this.device.queue.writeBuffer(this.head_pass, 0, Uint32Array.of(rows));
  }
}

/** The buffers of a batch of up to `max_tokens`, in the order in which `BatchInputs` takes them. */
export function inputBuffers(
  config: ModelConfig,
  max_tokens: number,
): { label: string; bytes: number; binding: 'uniform' | 'storage' }[] {
  // Two sequences never share a span, so in the worst case each token starts one more.
  const heads_per_group = config.num_attention_heads / config.num_key_value_heads;
  const spans = max_tokens * Math.ceil(heads_per_group / SPAN_ROWS + 1);
  const storage = (label: string, bytes: number) => ({ label, bytes, binding: 'storage' as const });
  return [
    { label: 'pass', bytes: 16, binding: 'uniform' },
    { label: 'head pass', bytes: 16, binding: 'uniform' },
    storage('tokens', max_tokens * 8),
    storage('spans', spans * 8),
    storage('rope turns', max_tokens * config.rope_dim * 4),
    storage('order', max_tokens * 4),
    storage('ids', max_tokens * 4),
  ];
}

/**
 * Cuts the query rows of each sequence into spans of up to four. Row r stands for token r / g and head r % g of a
 * group of g = num_attention_heads / num_key_value_heads heads that share keys and values.
 * @returns `[spans, 2]` first row and number of rows
 */
export function spansOf(sequences: Uint32Array, config: ModelConfig): Uint32Array<ArrayBuffer> {
  const group = config.num_attention_heads / config.num_key_value_heads;
  const spans: number[] = [];
  let begin = 0;
  for (let token = 1; token <= sequences.length; token++) {
    if (token < sequences.length && sequences[token] === sequences[begin]) continue;
    for (let row = begin * group; row < token * group; row += SPAN_ROWS) {
      spans.push(row, Math.min(SPAN_ROWS, token * group - row));
    }
    begin = token;
  }
  return Uint32Array.from(spans);
}
