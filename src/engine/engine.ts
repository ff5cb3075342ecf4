import { adapterName, type Gpu } from '../gpu/device.ts';
import { type DeviceLostError, GpuBudgetError } from '../gpu/errors.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import type { RingSize } from '../plan/rates.ts';
import type { Residency } from '../plan/residency.ts';
import { type Batch, batchOf } from './batch.ts';
import { ContextLengthError, TokenRangeError } from './errors.ts';
import { forward, forwardResident, type Observer, rehearse } from './forward.ts';
import type { Model } from './model.ts';
import {
  type EngineOptions,
  fillAndCompile,
  limitsOf,
  type OpenModel,
  openModel,
  type Precision,
} from './open_model.ts';
import { seededRandom } from './random.ts';
import { type Sampler, TOKENS_IN_FLIGHT } from './sampler.ts';
import type { SamplingOptions } from './sampling.ts';
import { type SizeOptions, type Sizes, sizesOf } from './sizes.ts';
import type { Weights } from './weights.ts';

export type { EngineOptions, Precision } from './open_model.ts';

/** How much of the weights stays on the GPU. */
export interface ResidencyOptions extends Pick<SizeOptions, 'residency' | 'budget_weights'> {
  /** Bytes of GPU memory that all buffers together may take. */
  readonly budget?: number | undefined;
}

/** A model on a device. */
export class Engine {
  readonly config: ModelConfig;
  readonly ledger: BufferLedger;
  readonly weights: Weights;
  readonly adapter: string;
  private readonly model: Model;
  private readonly sampler: Sampler;
  private sizes: Sizes;
  private lost: DeviceLostError | null = null;

  private constructor(gpu: Gpu, { model, sampler, sizes }: OpenModel) {
    this.model = model;
    this.sampler = sampler;
    this.config = model.config;
    this.ledger = model.ledger;
    this.weights = model.weights;
    this.adapter = adapterName(gpu.adapter);
    this.sizes = sizes;
    void gpu.lost.then((error) => {
      this.lost = error;
    });
  }

  /** Puts a model on the device. */
  static async create(options: EngineOptions): Promise<Engine> {
    return new Engine(options.gpu, await openModel(options));
  }

  get residency(): Residency {
    return this.sizes.residency;
  }

  get ring(): RingSize {
    return this.sizes.ring;
  }

  get context_length(): number {
    return this.sizes.context_length;
  }

  get prefill_tokens(): number {
    return this.sizes.prefill_tokens;
  }

  /**
   * Keeps another part of the weights on the GPU from now on. The KV cache stays, and with it every sequence.
   * Nothing else may run meanwhile.
   * @throws GpuBudgetError, GpuOutOfMemoryError: all is as it was before
   */
  async setResidency(options: ResidencyOptions): Promise<void> {
    const { model, sizes } = this;
    const { ledger, weights } = model;
    const budget = options.budget ?? Number.POSITIVE_INFINITY;
    const next = sizesOf(weights.layout.model, limitsOf(ledger.device), {
      ...sizes,
      residency: options.residency,
      budget_weights: options.budget_weights,
    });
    const used = ledger.total() - ledger.read('weights').bytes;
    const { bytes } = next.layout;
    if (used + bytes > budget) throw new GpuBudgetError({ label: 'weights', bytes, used, budget });
    const before = ledger.budget;
    await this.guarded(async () => {
      try {
        ledger.budget = budget;
        await this.place(next);
      } catch (error) {
        ledger.budget = before;
        await this.place(sizes);
        throw error;
      }
    });
    ledger.forgetPeaks();
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
   * The tokens that follow, one after the other, up to the end of the context.
   * @param context all ids so far, which a `prefill` has taken in
   * @param most tokens that are wanted: none beyond them is computed ahead
   * @throws NonFiniteLogitsError, DeviceLostError, GpuOutOfMemoryError
   */
  tokens(
    context: readonly number[],
    options: SamplingOptions,
    {
      sequence = 0,
      signal,
      most = Number.POSITIVE_INFINITY,
    }: { sequence?: number; signal?: AbortSignal; most?: number } = {},
  ): AsyncGenerator<number, void> {
    this.sampler.begin(context, options);
    const last = Math.min(this.context_length, context.length + most - 1);
    const run = { ids: [...context], options, sequence, last, at: randomNumbers(options.seed) };
    return this.resident ? this.ahead(run) : this.oneByOne(run, signal);
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

  /** Nothing has to be read from disk for a token. */
  get resident(): boolean {
    return this.weights.resident && this.weights.resident_embedding !== null;
  }

  /** Frees all GPU memory and closes the pack. */
  destroy(): void {
    this.weights.close();
    this.ledger.destroyAll();
  }

  /** Chooses a token, takes it in, and so on. */
  private async *oneByOne(run: Run, signal: AbortSignal | undefined): AsyncGenerator<number, void> {
    const { ids, sequence } = run;
    const first = ids.length;
    while (ids.length <= run.last) {
      signal?.throwIfAborted();
      const token = await this.choose(run, first);
      yield token;
      ids.push(token);
      if (ids.length <= run.last) {
        await this.prefill([token], ids.length - 1, { sequence });
      }
    }
  }

  /**
   * The same with several tokens on their way: the GPU goes on with a token before anybody here knows it. Whoever stops
   * has some computed in vain.
   */
  private async *ahead(run: Run): AsyncGenerator<number, void> {
    const { ids, sequence } = run;
    const { kv } = this.model;
    const first = ids.length;
    const pending: Promise<number | null>[] = [];
    try {
      // After a prompt the logits are those of a pass of many tokens: they stay until the first token is chosen.
      let token = await this.choose(run, first);
      for (let position = first; ; ) {
        yield token;
        ids.push(token);
        while (pending.length < TOKENS_IN_FLIGHT && position < run.last) {
          await this.guarded(() => kv.reserve(sequence, position + 1));
          forwardResident(this.model, batchOf([0], position, sequence));
          position += 1;
          const next = this.sampler.choose(position, run.at(position - first));
          // Whoever awaits it sees the failure; when the loop is left, nobody does.
          next.catch(() => undefined);
          pending.push(next);
        }
        const next = pending.shift();
        if (!next) return;
        const chosen = await this.guarded(() => next);
        if (chosen === null) {
          // What was computed with the wrong token goes; its logits have gone too, and are computed again.
          await Promise.allSettled(pending.splice(0));
          this.sampler.begin(ids, run.options);
          await this.prefill([ids.at(-1)!], ids.length - 1, { sequence });
          token = await this.choose(run, first);
          position = ids.length;
        } else {
          token = chosen;
        }
      }
    } finally {
      await Promise.allSettled(pending);
    }
  }

  /** The token after `ids`, the last of which has just been taken in. */
  private choose({ ids, at }: Run, first: number): Promise<number> {
    const u = at(ids.length - first);
    return this.guarded(
      async () =>
        (await this.sampler.choose(ids.length, u)) ?? (await this.sampler.chooseFromAll(u)),
    );
  }

  private pass(batch: Batch, head: boolean, observer: Observer | undefined): Promise<void> {
    return this.guarded(() => forward(this.model, batch, { head, ...(observer && { observer }) }));
  }

  private async place(sizes: Sizes): Promise<void> {
    // What was recorded names buffers that may go.
    this.model.recordings.forget();
    await this.model.weights.allocate(sizes.layout);
    await fillAndCompile(this.model, sizes.prefill_tokens);
    this.sizes = sizes;
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

/** Tokens that are being chosen. */
interface Run {
  /** All ids so far. */
  readonly ids: number[];
  readonly options: SamplingOptions;
  readonly sequence: number;
  /** The last token to be chosen comes after so many. */
  readonly last: number;
  /** The i-th number in [0, 1) by which a token is drawn. */
  at(index: number): number;
}

/** The numbers of a seed, each as often as it is asked for. */
function randomNumbers(seed: number): (index: number) => number {
  const random = seededRandom(seed);
  const numbers: number[] = [];
  let dropped = 0;
  return (index) => {
    while (dropped + numbers.length <= index) numbers.push(random());
    for (; numbers.length > 2 * TOKENS_IN_FLIGHT; dropped++) numbers.shift();
    return numbers[index - dropped]!;
  };
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
