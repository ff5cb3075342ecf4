import type { Commands } from '../gpu/commands.ts';
import type { Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { ReadbackPool, readBack } from '../gpu/readback.ts';
import { NonFiniteLogitsError } from './errors.ts';
import type { Dispatcher } from './ops.ts';
import { Recordings } from './recordings.ts';
import { allCandidates, draw, type SamplingOptions } from './sampling.ts';

/** Candidates that come back from the GPU when a token is drawn. */
const KEEP = 128;
/** Candidates that `top_k` sorts at once. */
const SORTED = 1024;
/** Bytes of what `argmax` or `softmax_sum` says, before the candidates. */
const HEADER = 16;
/** Bytes that come back at most. */
const RESULT_BYTES = HEADER + KEEP * 8;
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

/** The buffers of others that it works on. */
export interface SamplerTarget {
  /** `[vocab_size]`, changed by the repetition penalty */
  readonly logits: GPUBuffer;
  /** `[1]` gets the likeliest token, on the GPU */
  readonly next_id: GPUBuffer;
  readonly vocab_size: number;
}

/**
 * Chooses the next token from a row of logits on the GPU. The reduction happens there: the likeliest token, or the
 * KEEP likeliest and the softmax's sum; a few hundred bytes come back. Only options that need more of the
 * distribution than that read the whole row. What it runs is recorded once.
 */
export class Sampler {
  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly recordings: Recordings;
  private readonly target: SamplerTarget;
  private readonly buffers: Buffers;
  private readonly readbacks: ReadbackPool;

  private constructor(
    ledger: BufferLedger,
    commands: Commands,
    target: SamplerTarget,
    buffers: Buffers,
    readbacks: ReadbackPool,
  ) {
    this.ledger = ledger;
    this.commands = commands;
    this.recordings = new Recordings(commands);
    this.target = target;
    this.buffers = buffers;
    this.readbacks = readbacks;
  }

  static async create(
    ledger: BufferLedger,
    commands: Commands,
    target: SamplerTarget,
  ): Promise<Sampler> {
    const made: Partial<Record<keyof Buffers, GPUBuffer>> = {};
    for (const [name, bytes] of Object.entries(samplerBytes(target.vocab_size))) {
      const usage =
        name === 'penalty' || name === 'sampling'
          ? GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST
          : GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      made[name as keyof Buffers] = await ledger.create('activations', name, bytes, usage);
    }
    const buffers = made as Buffers;
    const readbacks = await ReadbackPool.create(ledger, TOKENS_IN_FLIGHT, RESULT_BYTES);
    return new Sampler(ledger, commands, target, buffers, readbacks);
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
   * @param context the ids so far
   * @param random one number is drawn unless greedy
   * @throws NonFiniteLogitsError
   */
  async next(
    context: readonly number[],
    options: SamplingOptions,
    random: () => number,
  ): Promise<number> {
    if (options.repetition_penalty !== 1) this.penalize(context, options.repetition_penalty);
    if (options.temperature === 0) return this.greedy(context.length);
    return this.sampled(context.length, options, random());
  }

  /** The likeliest token. Everything is submitted when this returns; the id comes later. */
  async greedy(position: number): Promise<number> {
    this.recordings.run('argmax', (recorder) => this.argmax(recorder));
    const best = new Uint32Array(await this.read(HEADER));
    checkFinite(best[2]!, position);
    return best[0]!;
  }

  /** The likeliest token into `result` and `next_id`. */
  argmax(dispatcher: Dispatcher): void {
    const { found, result, unused } = this.buffers;
    const { logits, next_id, vocab_size } = this.target;
    const [first, second] = argmaxRuns(vocab_size);
    run(dispatcher, first, { logits, found: result, best: found, next_id: unused });
    run(dispatcher, second, { logits, found, best: result, next_id });
  }

  /**
   * The softmax's sum into `result`, and the KEEP likeliest tokens, sorted, into `best`. No token is among them that
   * is less likely than the KEEP-th of any KEEP or more tokens: with such a bound few are left to be sorted.
   */
  likeliest(dispatcher: Dispatcher): void {
    const { sampling, best, sorted, list, listed, result } = this.buffers;
    const { logits, vocab_size } = this.target;
    const sum = { kernel: kernels.softmax_sum, constants: { VOCAB: vocab_size } };
    run(dispatcher, sum, { sampling, logits, sum: result });
    const [sort, bound, keep] = likeliestRuns(vocab_size);
    if (!bound || !keep) {
      run(dispatcher, sort, { logits, candidates: list, kept: best });
      return;
    }
    run(dispatcher, bound, { logits, best, list, listed });
    run(dispatcher, sort, { logits, candidates: best, kept: sorted });
    run(dispatcher, keep, { logits, sorted, list, listed });
    run(dispatcher, sort, { logits, candidates: list, kept: best });
  }

  private penalize(context: readonly number[], penalty: number): void {
    const { buffers, commands } = this;
    const ids = Uint32Array.from(new Set(context));
    const { queue } = commands.device;
    const settings = new Uint32Array(2);
    new Float32Array(settings.buffer)[0] = penalty;
    settings[1] = ids.length;
    queue.writeBuffer(buffers.penalty, 0, settings);
    queue.writeBuffer(buffers.ids, 0, ids);
    const specialization = { kernel: kernels.repetition_penalty, constants: {} };
    const [groups] = specialization.kernel.workgroups({}, ids.length);
    this.recordings.run(`repetition penalty in ${groups} workgroups`, (recorder) => {
      const { logits } = this.target;
      run(
        recorder,
        specialization,
        { settings: buffers.penalty, ids: buffers.ids, logits },
        ids.length,
      );
    });
  }

  private async sampled(position: number, options: SamplingOptions, u: number): Promise<number> {
    const { buffers, commands } = this;
    const { logits, vocab_size } = this.target;
    const { temperature } = options;
    commands.device.queue.writeBuffer(buffers.sampling, 0, Float32Array.of(temperature));
    this.recordings.run('likeliest', (recorder) => this.likeliest(recorder));
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

  private read(size: number): Promise<ArrayBuffer> {
    return this.readbacks.read(this.commands, { buffer: this.buffers.result, size });
  }
}

function run(
  dispatcher: Dispatcher,
  specialization: Specialization,
  buffers: Readonly<Record<string, GPUBuffer>>,
  tokens = 1,
): void {
  const views = Object.entries(buffers).map(([name, buffer]) => [name, { buffer }] as const);
  dispatcher.dispatch(specialization, Object.fromEntries(views), tokens);
}

/** Bytes of each of the sampler's buffers. */
export function samplerBytes(vocab_size: number): Record<keyof Buffers, number> {
  return {
    penalty: 16,
    sampling: 16,
    ids: vocab_size * 4,
    found: argmaxGroups(vocab_size) * 16,
    best: SORTED * 8,
    sorted: KEEP * 8,
    list: SORTED * 8,
    listed: 16,
    result: RESULT_BYTES,
    unused: 16,
  };
}

/** Bytes of staging buffers in which the tokens come back. */
export const READBACK_BYTES = TOKENS_IN_FLIGHT * RESULT_BYTES;

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
