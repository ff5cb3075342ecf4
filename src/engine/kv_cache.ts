import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import { ContextLengthError } from './errors.ts';

/** Positions in a page. */
export const PAGE = 64;

/** Keys and values of one layer: `[pages, PAGE, num_key_value_heads, head_dim]` f32 each, heads in whole quads. */
export interface LayerCache {
  readonly k: GPUBuffer;
  readonly v: GPUBuffer;
}

/**
 * Keys and values of every layer for several sequences, in pages that are handed out as sequences grow (as in
 * PagedAttention, Kwon et al. 2023). The page table says where a sequence's page lies, the same for all layers.
 */
export class KvCache {
  /** Pages that one sequence may have. */
  readonly max_pages: number;
  /** Positions that one sequence may have. */
  readonly context_length: number;
  /** `[sequences, max_pages]` u32 */
  readonly page_table: GPUBuffer;
  readonly layers: LayerCache[] = [];
  /** Told when `layers` are other buffers than before. */
  onGrow: () => void = () => undefined;

  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly config: ModelConfig;
  private readonly sequences: number[][];
  private readonly free: number[] = [];
  private pages = 0;

  private constructor(
    ledger: BufferLedger,
    commands: Commands,
    config: ModelConfig,
    sequences: number,
    context_length: number,
    page_table: GPUBuffer,
  ) {
    this.ledger = ledger;
    this.commands = commands;
    this.config = config;
    this.context_length = context_length;
    this.max_pages = Math.ceil(context_length / PAGE);
    this.sequences = Array.from({ length: sequences }, () => []);
    this.page_table = page_table;
  }

  static async create(
    ledger: BufferLedger,
    commands: Commands,
    config: ModelConfig,
    sequences: number,
    context_length: number,
  ): Promise<KvCache> {
    const table_bytes = tableBytes(sequences, context_length);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const table = await ledger.create('kv', 'page table', table_bytes, usage);
    const cache = new KvCache(ledger, commands, config, sequences, context_length, table);
    await cache.grow(1);
    return cache;
  }

  /**
   * Makes room for positions 0 to `length` - 1 of a sequence. Call it before the pass that writes them.
   * @throws ContextLengthError, GpuBudgetError, GpuOutOfMemoryError; the sequence then keeps what it has.
   */
  async reserve(sequence: number, length: number): Promise<void> {
    if (length > this.context_length) {
      throw new ContextLengthError({ tokens: length, limit: this.context_length });
    }
    const pages = this.sequences[sequence]!;
    const missing = Math.ceil(length / PAGE) - pages.length;
    if (missing <= 0) return;
    if (missing > this.free.length) {
      const needed = this.pages + missing - this.free.length;
      const all = this.max_pages * this.sequences.length;
      await this.growTo(needed, Math.min(all, Math.max(needed, this.pages * 2)));
    }
    const first = pages.length;
    pages.push(...this.free.splice(0, missing));
    const offset = (sequence * this.max_pages + first) * 4;
    this.commands.device.queue.writeBuffer(
      this.page_table,
      offset,
      Uint32Array.from(pages.slice(first)),
    );
  }

  /** Forgets the positions of a sequence from `length` on. */
  truncate(sequence: number, length: number): void {
    this.free.push(...this.sequences[sequence]!.splice(Math.ceil(length / PAGE)));
  }

  /** Doubles where there is room for that, else makes just the room that is needed. */
  private async growTo(needed: number, wanted: number): Promise<void> {
    try {
      await this.grow(wanted);
    } catch (error) {
      if (wanted === needed) throw error;
      await this.grow(needed);
    }
  }

  /**
   * Moves every layer into larger buffers, one after the other: beside the old cache there is never more than one
   * buffer. When one cannot be made, those before it are larger than they have to be.
   */
  private async grow(pages: number): Promise<void> {
    const bytes = pages * PAGE * positionBytes(this.config);
    try {
      for (let layer = 0; layer < this.config.num_hidden_layers; layer++) {
        const old = this.layers[layer];
        const k = await this.moved(`keys ${layer}`, old?.k, bytes);
        this.layers[layer] = { k, v: old?.v ?? k };
        const v = await this.moved(`values ${layer}`, old?.v, bytes);
        this.layers[layer] = { k, v };
      }
    } finally {
      this.onGrow();
    }
    for (let page = this.pages; page < pages; page++) this.free.push(page);
    this.pages = pages;
  }

  /** A buffer of at least `bytes` that holds what `old` held. */
  private async moved(
    label: string,
    old: GPUBuffer | undefined,
    bytes: number,
  ): Promise<GPUBuffer> {
    if (old && old.size >= bytes) return old;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = await this.ledger.create('kv', label, bytes, usage);
    if (old) {
      this.commands.copy(old, 0, buffer, 0, old.size);
      this.commands.submit();
      this.ledger.destroy(old);
    }
    return buffer;
  }
}

/** Bytes of one position's keys, or values, in one layer. */
export const positionBytes = ({ num_key_value_heads, head_dim }: ModelConfig): number =>
  num_key_value_heads * Math.ceil(head_dim / 4) * 16;

/** Bytes of a cache that holds `pages` pages of each layer. */
export function kvBytes(
  config: ModelConfig,
  sequences: number,
  context_length: number,
  pages: number,
): number {
  return (
    tableBytes(sequences, context_length) +
    2 * config.num_hidden_layers * pages * PAGE * positionBytes(config)
  );
}

const tableBytes = (sequences: number, context_length: number): number =>
  sequences * Math.ceil(context_length / PAGE) * 4;
