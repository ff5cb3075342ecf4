import type { Commands } from '../gpu/commands.ts';
import type { Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { ReadbackPool, readBack } from '../gpu/readback.ts';
import { NonFiniteLogitsError } from './errors.ts';
import { allCandidates, draw, type SamplingOptions } from './sampling.ts';

/** Candidates that come back from the GPU when a token is drawn. */
const KEEP = 128;
/** Candidates that `top_k` sorts at once. */
const SORTED = 1024;
/** Bytes of what `argmax` or `softmax_sum` says, before the candidates. */
const HEADER = 16;
/** Tokens that may be on their way from the GPU at once. */
export const TOKENS_IN_FLIGHT = 4;

interface Buffers {
  /** Uniforms of `repetition_penalty` and `softmax_sum`. */
  readonly penalty: GPUBuffer;
  readonly sampling: GPUBuffer;
  /** Ids that are made less likely. */
  readonly ids: GPUBuffer;
  /** The best of each chunk of logits. */
  readonly found: GPUBuffer;
  /** The likeliest of every SORTED-th token; in the end the KEEP likeliest of all. */
  readonly best: GPUBuffer;
  /** The KEEP likeliest of `best`. */
  readonly sorted: GPUBuffer;
  /** Tokens that are at least as likely as the last of `sorted`, and how many these are. */
  readonly list: GPUBuffer;
  readonly listed: GPUBuffer;
  /** What comes back: the argmax or the sum, then KEEP candidates. */
  readonly result: GPUBuffer;
  /** Takes what only an option of a kernel would write or read. */
  readonly unused: GPUBuffer;
}

/**
 * Chooses the next token from a row of logits on the GPU. The reduction happens there: the likeliest token, or the
 * KEEP likeliest and the softmax's sum; a few hundred bytes come back. Only options that need more of the
 * distribution than that read the whole row.
 */
export class Sampler {
  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly vocab_size: number;
  private readonly buffers: Buffers;
  private readonly readbacks: ReadbackPool;

  private constructor(
    ledger: BufferLedger,
    commands: Commands,
    vocab_size: number,
    buffers: Buffers,
    readbacks: ReadbackPool,
  ) {
    this.ledger = ledger;
    this.commands = commands;
    this.vocab_size = vocab_size;
    this.buffers = buffers;
    this.readbacks = readbacks;
  }

  static async create(
    ledger: BufferLedger,
    commands: Commands,
    vocab_size: number,
  ): Promise<Sampler> {
    const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const make = (label: string, bytes: number, usage = storage) =>
      ledger.create('activations', label, bytes, usage);
    const buffers: Buffers = {
      penalty: await make('repetition penalty', 16, uniform),
      sampling: await make('sampling', 16, uniform),
      ids: await make('penalized ids', vocab_size * 4),
      found: await make('best of chunks', argmaxGroups(vocab_size) * 16),
      best: await make('best of strides', SORTED * 8),
      sorted: await make('sorted', KEEP * 8),
      list: await make('likely tokens', SORTED * 8),
      listed: await make('count of likely tokens', 16),
      result: await make('sampled', HEADER + KEEP * 8),
      unused: await make('unused', 16),
    };
    const readbacks = await ReadbackPool.create(ledger, TOKENS_IN_FLIGHT, HEADER + KEEP * 8);
    return new Sampler(ledger, commands, vocab_size, buffers, readbacks);
  }

  /** The pipelines that it needs. */
  static specializations(vocab_size: number): Specialization[] {
    return [
      ...argmaxRuns(vocab_size),
      { kernel: kernels.softmax_sum, constants: { VOCAB: vocab_size } },
      { kernel: kernels.repetition_penalty, constants: {} },
      ...likeliestRuns(vocab_size).filter((run) => run !== undefined),
    ];
  }

  /**
   * @param logits `[vocab_size]`, changed by the repetition penalty
   * @param context the ids so far
   * @param random one number is drawn unless greedy
   * @throws NonFiniteLogitsError
   */
  async next(
    logits: GPUBuffer,
    context: readonly number[],
    options: SamplingOptions,
    random: () => number,
  ): Promise<number> {
    if (options.repetition_penalty !== 1)
      this.penalize(logits, context, options.repetition_penalty);
    if (options.temperature === 0) return this.greedy(logits, context.length, this.buffers.unused);
    return this.sampled(logits, context.length, options, random());
  }

  /**
   * The likeliest token. Everything is submitted when this returns; the id comes later.
   * @param next_id gets it too, on the GPU
   */
  async greedy(logits: GPUBuffer, position: number, next_id: GPUBuffer): Promise<number> {
    const { found, result, unused } = this.buffers;
    const [first, second] = argmaxRuns(this.vocab_size);
    this.commands.dispatch(
      first,
      {
        logits: { buffer: logits },
        found: { buffer: result },
        best: { buffer: found },
        next_id: { buffer: unused },
      },
      1,
    );
    this.commands.dispatch(
      second,
      {
        logits: { buffer: logits },
        found: { buffer: found },
        best: { buffer: result },
        next_id: { buffer: next_id },
      },
      1,
    );
    const best = new Uint32Array(await this.read(HEADER));
    checkFinite(best[2]!, position);
    return best[0]!;
  }

  private penalize(logits: GPUBuffer, context: readonly number[], penalty: number): void {
    const { buffers, commands } = this;
    const ids = Uint32Array.from(new Set(context));
    const { queue } = commands.device;
    const settings = new Uint32Array(2);
    new Float32Array(settings.buffer)[0] = penalty;
    settings[1] = ids.length;
    queue.writeBuffer(buffers.penalty, 0, settings);
    queue.writeBuffer(buffers.ids, 0, ids);
    commands.dispatch(
      { kernel: kernels.repetition_penalty, constants: {} },
      {
        settings: { buffer: buffers.penalty },
        ids: { buffer: buffers.ids },
        logits: { buffer: logits },
      },
      ids.length,
    );
  }

  private async sampled(
    logits: GPUBuffer,
    position: number,
    options: SamplingOptions,
    u: number,
  ): Promise<number> {
    const { buffers, commands, vocab_size } = this;
    const { temperature } = options;
    commands.device.queue.writeBuffer(buffers.sampling, 0, Float32Array.of(temperature));
    commands.dispatch(
      { kernel: kernels.softmax_sum, constants: { VOCAB: vocab_size } },
      {
        sampling: { buffer: buffers.sampling },
        logits: { buffer: logits },
        sum: { buffer: buffers.result },
      },
      1,
    );
    this.likeliest(logits);
    const kept = Math.min(KEEP, vocab_size);
    commands.copy(buffers.best, 0, buffers.result, HEADER, kept * 8);
    commands.copy(buffers.listed, 0, buffers.result, HEADER - 4, 4);
    const words = new Uint32Array(await this.read(HEADER + kept * 8));
    const floats = new Float32Array(words.buffer);
    checkFinite(words[2]!, position);
    const list = HEADER / 4;
    const ids = Uint32Array.from({ length: kept }, (_, i) => words[list + 2 * i]!);
    const best = Float32Array.from({ length: kept }, (_, i) => floats[list + 2 * i + 1]!);
    const complete = kept === vocab_size;
    // So many tokens as likely as each other do not occur in models; then the list is only a part of them.
    const listed = vocab_size > SORTED ? words[3]! : vocab_size;
    if (listed <= SORTED) {
      const token = draw({ ids, logits: best, total: floats[1]!, complete }, options, u);
      if (token !== null) return token;
    }
    const whole = { buffer: logits, size: vocab_size * 4 };
    const row = new Float32Array(await readBack(this.ledger, commands, whole));
    return draw(allCandidates(row, temperature), options, u)!;
  }

  /**
   * The KEEP likeliest tokens, sorted, into `best`. No token is among them that is less likely than the KEEP-th of
   * any KEEP or more tokens: with such a bound few are left to be sorted.
   */
  private likeliest(logits: GPUBuffer): void {
    const { best, sorted, list, listed } = this.buffers;
    const run = (specialization: Specialization, buffers: Record<string, GPUBuffer>): void => {
      const views = Object.entries(buffers).map(([name, buffer]) => [name, { buffer }] as const);
      this.commands.dispatch(specialization, Object.fromEntries(views), 1);
    };
    const [sort, bound, keep] = likeliestRuns(this.vocab_size);
    if (!bound || !keep) {
      run(sort, { logits, candidates: list, kept: best });
      return;
    }
    run(bound, { logits, best, list, listed });
    run(sort, { logits, candidates: best, kept: sorted });
    run(keep, { logits, sorted, list, listed });
    run(sort, { logits, candidates: list, kept: best });
  }

  private read(size: number): Promise<ArrayBuffer> {
    return this.readbacks.read(this.commands, { buffer: this.buffers.result, size });
  }
}

const argmaxGroups = (vocab_size: number): number => Math.ceil(vocab_size / kernels.ARGMAX_CHUNK);

/** `argmax` over the logits, then over its own output. */
function argmaxRuns(vocab_size: number): [Specialization, Specialization] {
  const kernel = kernels.argmax;
  return [
    { kernel, constants: { COUNT: vocab_size, FROM_LOGITS: true } },
    { kernel, constants: { COUNT: argmaxGroups(vocab_size), FROM_LOGITS: false } },
  ];
}

/** What `likeliest` runs: a sort, and for a vocabulary that is too large for one what finds out which tokens to sort. */
function likeliestRuns(
  vocab_size: number,
): [sort: Specialization, bound?: Specialization, keep?: Specialization] {
  const sort = (COUNT: number, FROM_LOGITS: boolean): Specialization => ({
    kernel: kernels.top_k,
    constants: { COUNT, FROM_LOGITS, KEEP },
  });
  if (vocab_size <= SORTED) return [sort(vocab_size, true)];
  const COUNT = vocab_size;
  return [
    sort(SORTED, false),
    { kernel: kernels.strided_max, constants: { COUNT, STRIDE: SORTED } },
    { kernel: kernels.keep_likely, constants: { COUNT, LAST: KEEP - 1, MOST: SORTED } },
  ];
}

function checkFinite(count: number, position: number): void {
  if (count > 0) throw new NonFiniteLogitsError({ position, count });
}
