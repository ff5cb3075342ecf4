import type { BufferView } from '../gpu/kernel.ts';
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
  /** `[tokens, dim / 2]` (cosine, sine) of each of the model's rotary embeddings, from `ropeOffsets` on */
  readonly turns: GPUBuffer;
  /** `[tokens]` 0, 1, 2 …: rows of the embedding that are read from disk arrive in the order of the tokens */
  readonly order: GPUBuffer;
  /** `[tokens]` the rows of a learned position embedding */
  readonly positions: GPUBuffer;
  /** `[tokens]` the tokens themselves: rows of an embedding that stays on the GPU */
  readonly ids: GPUBuffer;
  /** Every sequence has just one token in the batch written last. */
  one_per_sequence = false;
  /** Spans of the batch written last. */
  span_count = 0;

  private readonly device: GPUDevice;
  private readonly config: ModelConfig;
  private readonly context_length: number;
  private readonly rope_offsets: readonly number[];

  private constructor(
    device: GPUDevice,
    config: ModelConfig,
    limits: BatchLimits,
    buffers: Readonly<Record<InputName, GPUBuffer>>,
  ) {
    this.device = device;
    this.config = config;
    this.context_length = limits.context_length;
    this.rope_offsets = ropeOffsets(config, limits.max_tokens);
    this.pass = buffers.pass;
    this.head_pass = buffers.head_pass;
    this.tokens = buffers.tokens;
    this.spans = buffers.spans;
    this.turns = buffers.turns;
    this.order = buffers.order;
    this.positions = buffers.positions;
    this.ids = buffers.ids;
  }

  static async create(
    ledger: BufferLedger,
    config: ModelConfig,
    max_tokens: number,
    context_length = config.max_position_embeddings,
  ): Promise<BatchInputs> {
    const buffers: Partial<Record<InputName, GPUBuffer>> = {};
    for (const [name, bytes] of Object.entries(inputBytes(config, max_tokens))) {
      const usage = name.endsWith('pass') ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      buffers[name as InputName] = await ledger.create(
        'activations',
        name,
        bytes,
        usage | GPUBufferUsage.COPY_DST,
      );
    }
    const limits = { max_tokens, context_length };
    const made = buffers as Record<InputName, GPUBuffer>;
    const inputs = new BatchInputs(ledger.device, config, limits, made);
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
    const { ropes, learned_positions } = this.config;
    for (const [i, rope] of ropes.entries()) {
      const turns = ropeTurns(rope, batch.positions, this.context_length);
      queue.writeBuffer(this.turns, this.rope_offsets[i]!, turns);
    }
    if (learned_positions) {
      const rows = batch.positions.map((position) => learned_positions.first_row + position);
      queue.writeBuffer(this.positions, 0, rows as Uint32Array<ArrayBuffer>);
    }
  }

  /** The turns of one of the model's rotary embeddings. */
  turnsOf(rope: number): BufferView {
    return { buffer: this.turns, offset: this.rope_offsets[rope]! };
  }

  writeHeadRows(rows: number): void {
    this.device.queue.writeBuffer(this.head_pass, 0, Uint32Array.of(rows));
  }
}

type InputName =
  | 'pass'
  | 'head_pass'
  | 'tokens'
  | 'spans'
  | 'turns'
  | 'order'
  | 'positions'
  | 'ids';

interface BatchLimits {
  readonly max_tokens: number;
  readonly context_length: number;
}

/** Bytes of the buffers of a batch of up to `max_tokens`. */
export function inputBytes(config: ModelConfig, max_tokens: number): Record<InputName, number> {
  // Two sequences never share a span, so in the worst case each token starts one more.
  const heads_per_group = config.num_attention_heads / config.num_key_value_heads;
  const spans = max_tokens * Math.ceil(heads_per_group / SPAN_ROWS + 1);
  return {
    pass: 16,
    head_pass: 16,
    tokens: max_tokens * 8,
    spans: spans * 8,
    turns: ropeOffsets(config, max_tokens).at(-1)!,
    order: max_tokens * 4,
    positions: max_tokens * 4,
    ids: max_tokens * 4,
  };
}

/** Where each rotary embedding's turns begin, and where the last one's end: places that a binding can begin at. */
function ropeOffsets({ ropes }: ModelConfig, max_tokens: number): number[] {
  const offsets = [0];
  for (const { dim } of ropes) offsets.push(align(offsets.at(-1)! + max_tokens * dim * 4));
  // Kernels are given turns even where nothing turns.
  return ropes.length > 0 ? offsets : [0, BINDING_ALIGNMENT];
}

/** `minStorageBufferOffsetAlignment` */
const BINDING_ALIGNMENT = 256;
const align = (bytes: number): number => Math.ceil(bytes / BINDING_ALIGNMENT) * BINDING_ALIGNMENT;

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
