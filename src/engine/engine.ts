import { Commands } from '../gpu/commands.ts';
import { type ComputeUnits, computeUnits } from '../gpu/compute_units.ts';
import { adapterName, type Gpu } from '../gpu/device.ts';
import type { DeviceLostError } from '../gpu/errors.ts';
import type { Specialization } from '../gpu/kernel.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { StagingRing } from '../gpu/staging_ring.ts';
import type { ModelConfig } from '../model/config.ts';
import { partsToPin, type Residency } from '../plan/residency.ts';
import type { Manifest } from '../store/manifest.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { type Batch, BatchInputs, batchOf } from './batch.ts';
import { ContextLengthError, TokenRangeError } from './errors.ts';
import { forward, forwardResident, type Model, type Observer, rehearse } from './forward.ts';
import { KvCache } from './kv_cache.ts';
import { MATVEC_TOKENS } from './ops.ts';
import { Recordings } from './recordings.ts';
import { Sampler, TOKENS_IN_FLIGHT } from './sampler.ts';
import type { SamplingOptions } from './sampling.ts';
import { createState } from './state.ts';
import { partBytes, Weights } from './weights.ts';

export type Precision = 'f32' | 'f16';

export interface EngineOptions {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  /** A verified pack, and its manifest. */
  readonly pack: string;
  readonly manifest: Manifest;
  /** Positions that a sequence may have; the model's own limit unless given. */
  readonly context_length?: number;
  /** Tokens of a prompt that go through the model together. */
  readonly prefill_tokens?: number;
  /** Sequences that the KV cache keeps apart. */
  readonly sequences?: number;
  /** Bytes of GPU memory that all buffers together may take. */
  readonly budget?: number;
  /** How much of the weights stays on the GPU; strict unless given. */
  readonly residency?: Residency | undefined;
  /** When streaming: bytes of weights that may stay on the GPU beside the slot. */
  readonly budget_weights?: number | undefined;
  /** What products of many tokens may round their factors to where that is faster: f16 unless given. */
  readonly precision?: Precision | undefined;
  /** Which kernels run; those for the device unless given. */
  readonly units?: ComputeUnits;
}

const PREFILL_TOKENS = 512;
/** Pieces that are read, copied or mapped again at the same time: mapping takes a millisecond or two. */
const RING_PIECES = 6;
/** A layer is one piece where it is small; beyond this, larger pieces are no faster. */
const MOST_PIECE_BYTES = 16 * 2 ** 20;

/** A model on a device. */
export class Engine {
  readonly config: ModelConfig;
  readonly ledger: BufferLedger;
  readonly weights: Weights;
  readonly adapter: string;
  readonly residency: Residency;
  readonly context_length: number;
  readonly prefill_tokens: number;
  private readonly model: Model;
  private readonly sampler: Sampler;
  private lost: DeviceLostError | null = null;

  private constructor(
    gpu: Gpu,
    model: Model,
    sampler: Sampler,
    residency: Residency,
    prefill_tokens: number,
  ) {
    this.model = model;
    this.sampler = sampler;
    this.config = model.config;
    this.ledger = model.ledger;
    this.weights = model.weights;
    this.adapter = adapterName(gpu.adapter);
    this.residency = residency;
    this.context_length = model.kv.context_length;
    this.prefill_tokens = prefill_tokens;
    void gpu.lost.then((error) => {
      this.lost = error;
    });
  }

  /** Allocates everything, opens the pack's files and compiles every kernel that the model needs. */
  static async create(options: EngineOptions): Promise<Engine> {
    const { gpu, store, pack, manifest } = options;
    const { config } = manifest;
    const { device } = gpu;
    const context_length = options.context_length ?? config.max_position_embeddings;
    const prefill_tokens = Math.min(options.prefill_tokens ?? PREFILL_TOKENS, context_length);
    const residency = options.residency ?? 'strict';
    const units = options.units ?? (await computeUnits(gpu));
    const rounds = options.precision !== 'f32';
    const ledger = new BufferLedger(device, options.budget);
    try {
      const pipelines = Pipelines.of(device);
      const commands = new Commands(device, pipelines);
      const { pieces, piece_bytes } = ringOf(manifest);
      const ring = await StagingRing.create(ledger, pieces, piece_bytes);
      const limits = {
        buffer_bytes: device.limits.maxBufferSize,
        binding_bytes: device.limits.maxStorageBufferBindingSize,
      };
      const weights = await Weights.open({
        store,
        pack,
        manifest,
        ledger,
        ring,
        commands,
        limits,
        pinned: partsToPin(partBytes(manifest, limits), residency, options.budget_weights ?? 0),
      });
      const sequences = options.sequences ?? 1;
      const model: Model = {
        config,
        weights,
        kv: await KvCache.create(ledger, commands, config, sequences, context_length),
        state: await createState(ledger, config, prefill_tokens, sequences),
        inputs: await BatchInputs.create(ledger, config, prefill_tokens),
        commands,
        ledger,
        recordings: new Recordings(commands),
        units: { ...units, matrices: units.matrices && rounds },
      };
      model.kv.onGrow = () => model.recordings.forget();
      const sampler = await Sampler.create(ledger, commands, {
        logits: model.state.logits,
        next_id: model.inputs.ids,
        vocab_size: config.vocab_size,
      });
      const needed: Specialization[] = Sampler.specializations(config.vocab_size);
      const collector = {
        dispatch: (specialization: Specialization) => needed.push(specialization),
      };
      // Of many tokens, few and many may take kernels of other tiles.
      for (const tokens of [1, MATVEC_TOKENS + 1, prefill_tokens]) {
        rehearse(model, collector, Math.min(tokens, prefill_tokens));
      }
      await pipelines.prepare(needed);
      return new Engine(gpu, model, sampler, residency, prefill_tokens);
    } catch (error) {
      ledger.destroyAll();
      throw error;
    }
  }

  /**
   * Takes tokens into a sequence from position `first` on, in chunks; what the sequence held from there on is
   * forgotten. Afterwards `next` chooses the token that follows.
   * @param onProgress told how many tokens are in
   * @throws ContextLengthError, TokenRangeError, DeviceLostError
   */
  async prefill(
    ids: readonly number[],
    first: number,
    options: {
      sequence?: number;
      observer?: Observer;
      signal?: AbortSignal;
      onProgress?: (done: number) => void;
    } = {},
  ): Promise<void> {
    const { sequence = 0, observer, signal, onProgress } = options;
    this.checkIds(ids);
    const length = first + ids.length;
    if (length > this.context_length) {
      throw new ContextLengthError({ tokens: length, limit: this.context_length });
    }
    this.model.kv.truncate(sequence, first);
    for (let done = 0; done < ids.length; done += this.prefill_tokens) {
      signal?.throwIfAborted();
      const chunk = ids.slice(done, done + this.prefill_tokens);
      await this.model.kv.reserve(sequence, first + done + chunk.length);
      const head = done + chunk.length === ids.length;
      await this.pass(batchOf(chunk, first + done, sequence), head, shifted(observer, done));
      onProgress?.(done + chunk.length);
    }
  }

  /**
   * The token that follows the last one taken in.
   * @param context all ids so far, for the repetition penalty
   */
  async next(
    context: readonly number[],
    options: SamplingOptions,
    random: () => number,
  ): Promise<number> {
    return this.guarded(() => this.sampler.next(context, options, random));
  }

  /** Kernels that run for each token while decoding greedily. */
  get dispatches_per_token(): number {
    let count = 2;
    rehearse(this.model, { dispatch: () => void count++ }, 1);
    return count;
  }

  /** What the products of many tokens round their factors to. */
  get precision(): Precision {
    return this.model.units.matrices ? 'f16' : 'f32';
  }

  /** Whether `greedyAhead` can run: nothing has to be read from disk for a token. */
  get resident(): boolean {
    return this.weights.resident && this.weights.resident_embedding !== null;
  }

  /**
   * The likeliest tokens one after the other, after a `prefill` that ended at position `length` - 1. The next tokens
   * are computed while the last ones are on their way back: whoever stops has them computed in vain.
   * @throws NonFiniteLogitsError, DeviceLostError, GpuOutOfMemoryError
   */
  async *greedyAhead(length: number, sequence = 0): AsyncGenerator<number, void> {
    const { kv } = this.model;
    const pending: Promise<number>[] = [];
    // Whoever awaits it sees the failure; when the loop is left, nobody does.
    const choose = (position: number) => {
      const token = this.sampler.greedy(position);
      token.catch(() => undefined);
      pending.push(token);
    };
    try {
      choose(length);
      for (let position = length; ; position++) {
        if (position < this.context_length) {
          await this.guarded(() => kv.reserve(sequence, position + 1));
          forwardResident(this.model, batchOf([0], position, sequence));
          choose(position + 1);
        }
        if (pending.length === 0) return;
        if (pending.length === TOKENS_IN_FLIGHT || position >= this.context_length) {
          yield await this.guarded(() => pending.shift()!);
        }
      }
    } finally {
      await Promise.allSettled(pending);
    }
  }

  /** Frees all GPU memory and closes the pack. */
  destroy(): void {
    this.weights.close();
    this.ledger.destroyAll();
  }

  private pass(batch: Batch, head: boolean, observer: Observer | undefined): Promise<void> {
    return this.guarded(() => forward(this.model, batch, { head, ...(observer && { observer }) }));
  }

  /** A lost device shows as many different errors; the cause is what the caller should see. */
  private async guarded<T>(action: () => Promise<T>): Promise<T> {
    if (this.lost) throw this.lost;
    try {
      return await action();
    } catch (error) {
      // The news of the loss may come a little later than its first consequence.
      await new Promise((resolve) => setTimeout(resolve, 0));
      throw this.lost ?? error;
    }
  }

  private checkIds(ids: readonly number[]): void {
    const { vocab_size } = this.config;
    for (const id of ids) {
      if (!Number.isInteger(id) || id < 0 || id >= vocab_size) {
        throw new TokenRangeError({ id, vocab_size });
      }
    }
  }
}

/** The staging ring of a model. A file of a pack is a multiple of 256 bytes, and so is a piece. */
export function ringOf({ layers }: Manifest): { pieces: number; piece_bytes: number } {
  const largest = Math.max(...layers.map(({ bytes }) => bytes));
  return { pieces: RING_PIECES, piece_bytes: Math.min(MOST_PIECE_BYTES, largest) };
}

/** An observer of a whole prompt, as it sees the chunk that starts at token `first`. */
function shifted(observer: Observer | undefined, first: number): Observer | undefined {
  if (!observer) return undefined;
  const { hidden, logits, logits_from = 0 } = observer;
  return {
    logits_from: Math.max(0, logits_from - first),
    ...(hidden && { hidden: (index, row, rows) => hidden(index, first + row, rows) }),
    ...(logits && { logits: (row, rows) => logits(first + row, rows) }),
  };
}
