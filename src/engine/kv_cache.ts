import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import { ContextLengthError } from './errors.ts';

/** Positions in a page. */
export const PAGE = 64;

/** Keys and values of one layer: `[pages, PAGE, num_key_value_heads, head_dim]` f32 each. */
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
  layers: readonly LayerCache[] = [];
  /** Told when `layers` are other buffers than before. */
  onGrow: () => void = () => undefined;

  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly num_layers: number;
  /** Bytes of one position's keys in one layer. */
  private readonly position_bytes: number;
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
    this.num_layers = config.num_hidden_layers;
    this.position_bytes = config.num_key_value_heads * config.head_dim * 4;
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
    const table_bytes = sequences * Math.ceil(context_length / PAGE) * 4;
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

  /** Moves every layer into larger buffers. */
  private async grow(pages: number): Promise<void> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const bytes = pages * PAGE * this.position_bytes;
    const old = this.layers;
    const layers: LayerCache[] = [];
    try {
      for (let layer = 0; layer < this.num_layers; layer++) {
        const k = await this.ledger.create('kv', `keys ${layer}`, bytes, usage);
        layers.push({ k, v: k });
        const v = await this.ledger.create('kv', `values ${layer}`, bytes, usage);
        layers[layer] = { k, v };
      }
    } catch (error) {
      for (const { k, v } of layers) for (const buffer of [k, v]) this.ledger.destroy(buffer);
      throw error;
    }
    for (const [layer, { k, v }] of old.entries()) {
      this.commands.copy(k, 0, layers[layer]!.k, 0, k.size);
      this.commands.copy(v, 0, layers[layer]!.v, 0, v.size);
    }
    this.commands.submit();
    for (const { k, v } of old) for (const buffer of [k, v]) this.ledger.destroy(buffer);
    for (let page = this.pages; page < pages; page++) this.free.push(page);
    this.layers = layers;
    this.pages = pages;
    this.onGrow();
  }
}
