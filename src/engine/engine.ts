import { adapterName, type Gpu } from '../gpu/device.ts';
import type { DeviceLostError } from '../gpu/errors.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import type { RingSize } from '../plan/rates.ts';
import type { Residency } from '../plan/residency.ts';
import { type Batch, batchOf } from './batch.ts';
import { ContextLengthError, TokenRangeError } from './errors.ts';
import { forward, forwardResident, type Model, type Observer, rehearse } from './forward.ts';
import { type EngineOptions, type OpenModel, openModel, type Precision } from './open_model.ts';
import { type Sampler, TOKENS_IN_FLIGHT } from './sampler.ts';
import type { SamplingOptions } from './sampling.ts';
import type { Weights } from './weights.ts';

export type { EngineOptions, Precision } from './open_model.ts';

/** A model on a device. */
export class Engine {
  readonly config: ModelConfig;
  readonly ledger: BufferLedger;
  readonly weights: Weights;
  readonly adapter: string;
  readonly residency: Residency;
  readonly ring: RingSize;
  readonly context_length: number;
  readonly prefill_tokens: number;
  private readonly model: Model;
  private readonly sampler: Sampler;
  private lost: DeviceLostError | null = null;

  private constructor(gpu: Gpu, { model, sampler, sizes }: OpenModel) {
    this.model = model;
    this.sampler = sampler;
    this.config = model.config;
    this.ledger = model.ledger;
    this.weights = model.weights;
    this.adapter = adapterName(gpu.adapter);
    this.residency = sizes.residency;
    this.ring = sizes.ring;
    this.context_length = sizes.context_length;
    this.prefill_tokens = sizes.prefill_tokens;
    void gpu.lost.then((error) => {
      this.lost = error;
    });
  }

  /** Puts a model on the device. */
  static async create(options: EngineOptions): Promise<Engine> {
    return new Engine(options.gpu, await openModel(options));
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
