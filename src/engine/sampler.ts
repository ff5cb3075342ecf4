import type { Commands } from '../gpu/commands.ts';
import type { Kernel, Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { ReadbackPool, readBack } from '../gpu/readback.ts';
import type { Dispatcher } from './dispatcher.ts';
import { NonFiniteLogitsError } from './errors.ts';
import { Recordings } from './recordings.ts';
import { allCandidates, draw, GREEDY, type SamplingOptions } from './sampling.ts';

/** Candidates that come back from the GPU when a token is drawn. */
const KEEP = 128;
/** Candidates that `top_k` sorts at once. */
const SORTED = 1024;
/** Bytes of what `argmax` and `draw` say. */
const RESULT_BYTES = 16;
/** What `draw` says when the candidates do not reach far enough. */
const NOBODY = 0xffffffff;
/** Tokens that may be on their way from the GPU at once. */
export const TOKENS_IN_FLIGHT = 4;

interface Buffers {
  /** Uniforms of `repetition_penalty`, and of `softmax_sum` and `draw`. */
  readonly penalty: GPUBuffer;
  readonly sampling: GPUBuffer;
  /** `[vocab_size]` 1: the context holds the token. */
  readonly seen: GPUBuffer;
  /** The best or the sum of each chunk of logits. */
  readonly found: GPUBuffer;
  /** The likeliest of every SORTED-th token; in the end the KEEP likeliest of all. */
  readonly best: GPUBuffer;
  /** The KEEP likeliest of `best`. */
  readonly sorted: GPUBuffer;
  /** Tokens that are at least as likely as the last of `sorted`, and how many these are. */
  readonly list: GPUBuffer;
  readonly listed: GPUBuffer;
  /** What comes back: the token, and how many logits are not finite. */
  readonly result: GPUBuffer;
  /** Takes what only an option of a kernel would write or read. */
  readonly unused: GPUBuffer;
}

export interface SamplerShape {
  readonly vocab_size: number;
  /** As in `ComputeUnits`. */
  readonly quad: boolean;
}

/** The buffers of others that it works on. */
export interface SamplerTarget extends SamplerShape {
  /** `[vocab_size]`, changed by the repetition penalty */
  readonly logits: GPUBuffer;
  /** `[1]` holds the token taken in last, and gets the one that is chosen */
  readonly next_id: GPUBuffer;
}

/**
 * Chooses the next token from a row of logits on the GPU: repetition penalty, then the likeliest token, or one drawn
 * from the KEEP likeliest. Only the token comes back. Options that need more of the distribution than that have the
 * whole row read. What it runs is recorded once.
 */
export class Sampler {
  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly recordings: Recordings;
  private readonly target: SamplerTarget;
  private readonly buffers: Buffers;
  private readonly readbacks: ReadbackPool;
  private options: SamplingOptions = GREEDY;

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
  static specializations({ vocab_size, quad }: SamplerShape): Specialization[] {
    return [
      ...chunkRuns(kernels.argmax, { vocab_size, quad }),
      ...chunkRuns(kernels.softmax_sum, { vocab_size, quad }),
      { kernel: kernels.repetition_penalty, constants: { VOCAB: vocab_size } },
      ...likeliestRuns({ vocab_size, quad }).filter((run) => run !== undefined),
      drawRun(vocab_size),
    ];
  }

  /**
   * How tokens are to be chosen from now on.
   * @param context the ids so far; what `choose` chooses joins them when it is taken in
   */
  begin(context: readonly number[], options: SamplingOptions): void {
    this.options = options;
    if (options.repetition_penalty === 1) return;
    const { queue } = this.commands.device;
    const seen = new Uint32Array(this.target.vocab_size);
    for (const id of context) seen[id] = 1;
    queue.writeBuffer(this.buffers.seen, 0, seen);
    queue.writeBuffer(this.buffers.penalty, 0, Float32Array.of(options.repetition_penalty));
  }

  /**
   * The token at `position`, after the one taken in last. Everything is submitted when this returns, and the GPU has
   * the token for its next pass; it comes back later, or null where the whole row is needed to draw it.
   * @param u a number in [0, 1); does not count when the temperature is 0
   * @throws NonFiniteLogitsError
   */
  async choose(position: number, u: number): Promise<number | null> {
    const { recordings, options } = this;
    if (options.repetition_penalty !== 1) {
      recordings.run('repetition penalty', (recorder) => this.penalize(recorder));
    }
    if (options.temperature === 0) {
      recordings.run('argmax', (recorder) => this.argmax(recorder));
    } else {
      this.commands.device.queue.writeBuffer(this.buffers.sampling, 0, samplingUniform(options, u));
      recordings.run('draw', (recorder) => this.draw(recorder));
    }
    const view = { buffer: this.buffers.result, size: RESULT_BYTES };
    const words = new Uint32Array(await this.readbacks.read(this.commands, view));
    if (words[2]! > 0) throw new NonFiniteLogitsError({ position, count: words[2]! });
    return words[0] === NOBODY ? null : words[0]!;
  }

  /** The token that `choose` left open, from the whole row: the logits must be as that has left them. */
  async chooseFromAll(u: number): Promise<number> {
    const { ledger, commands, options } = this;
    const { logits, next_id, vocab_size } = this.target;
    const row = await readBack(ledger, commands, { buffer: logits, size: vocab_size * 4 });
    const candidates = allCandidates(new Float32Array(row), options.temperature);
    const token = draw(candidates, options, u)!;
    commands.device.queue.writeBuffer(next_id, 0, Uint32Array.of(token));
    return token;
  }

  /** The likeliest token into `result` and `next_id`. */
  argmax(dispatcher: Dispatcher): void {
    const { found, result, unused } = this.buffers;
    const { logits, next_id } = this.target;
    const [first, second] = chunkRuns(kernels.argmax, this.target);
    run(dispatcher, first, { logits, found: result, best: found, next_id: unused });
    run(dispatcher, second, { logits, found, best: result, next_id });
  }

  /**
   * A token drawn into `result` and `next_id`: by the softmax's sum, and the KEEP likeliest tokens, sorted. No token is
   * among these that is less likely than the KEEP-th of any KEEP or more tokens: with such a bound few are left to be
   * sorted.
   */
  draw(dispatcher: Dispatcher): void {
    const { sampling, found, best, sorted, list, listed, result } = this.buffers;
    const { logits, next_id, vocab_size } = this.target;
    const [first, second] = chunkRuns(kernels.softmax_sum, this.target);
    run(dispatcher, first, { sampling, logits, found: result, sums: found });
    run(dispatcher, second, { sampling, logits, found, sums: result });
    const [sort, bound, keep] = likeliestRuns(this.target);
    if (!bound || !keep) {
      run(dispatcher, sort, { logits, candidates: list, kept: best });
    } else {
      run(dispatcher, bound, { logits, best, list, listed });
      run(dispatcher, sort, { logits, candidates: best, kept: sorted });
      run(dispatcher, keep, { logits, sorted, list, listed });
      run(dispatcher, sort, { logits, candidates: list, kept: best });
    }
    run(dispatcher, drawRun(vocab_size), { sampling, candidates: best, listed, result, next_id });
  }

  private penalize(dispatcher: Dispatcher): void {
    const { penalty, seen } = this.buffers;
    const { logits, next_id, vocab_size } = this.target;
    const kernel = kernels.repetition_penalty;
    const buffers = { penalty, last: next_id, seen, logits };
    run(dispatcher, { kernel, constants: { VOCAB: vocab_size } }, buffers);
  }
}

/** What `draw` reads of the options. */
function samplingUniform(options: SamplingOptions, u: number): Float32Array<ArrayBuffer> {
  const { temperature, top_k, top_p, min_p } = options;
  const uniform = Float32Array.of(temperature, u, 0, top_p, min_p);
  // More than there are tokens are all of them.
  new Uint32Array(uniform.buffer)[2] = Math.min(top_k, 2 ** 32 - 1);
  return uniform;
}

function run(
  dispatcher: Dispatcher,
  specialization: Specialization,
  buffers: Readonly<Record<string, GPUBuffer>>,
): void {
  const views = Object.entries(buffers).map(([name, buffer]) => [name, { buffer }] as const);
  dispatcher.dispatch(specialization, Object.fromEntries(views), 1);
}

/** Bytes of each of the sampler's buffers. */
export function samplerBytes(vocab_size: number): Record<keyof Buffers, number> {
  return {
    penalty: 16,
    sampling: 32,
    seen: vocab_size * 4,
    found: chunksOf(vocab_size) * 16,
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

/** Logits that one workgroup reduces. */
const CHUNK_LOGITS = 4096;

/** Invocations of a workgroup: a GPU that is emulated takes every four of them to each barrier in turn. */
const threadsFor = (quad: boolean): number => (quad ? 16 : 256);

/** Chunks of a row of logits. */
const chunksOf = (vocab_size: number): number => Math.ceil(vocab_size / CHUNK_LOGITS);

/** `argmax` or `softmax_sum` over the chunks of the logits, then over its own output. */
function chunkRuns(
  kernel: Kernel,
  { vocab_size, quad }: SamplerShape,
): [first: Specialization, second: Specialization] {
  const shared = { CHUNK: CHUNK_LOGITS, THREADS: threadsFor(quad) };
  const groups = chunksOf(vocab_size);
  return [
    { kernel, constants: { COUNT: vocab_size, FROM_LOGITS: true, ...shared } },
    { kernel, constants: { COUNT: groups, FROM_LOGITS: false, ...shared } },
  ];
}

/** What `likeliest` runs: a sort, and for a vocabulary that is too large for one what finds out which tokens to sort. */
function likeliestRuns({
  vocab_size,
  quad,
}: SamplerShape): [sort: Specialization, bound?: Specialization, keep?: Specialization] {
  const sort = (COUNT: number, FROM_LOGITS: boolean): Specialization => ({
    kernel: kernels.top_k,
    constants: { COUNT, FROM_LOGITS, KEEP, THREADS: threadsFor(quad) },
  });
  if (vocab_size <= SORTED) return [sort(vocab_size, true)];
  const COUNT = vocab_size;
  return [
    sort(SORTED, false),
    { kernel: kernels.strided_max, constants: { COUNT, STRIDE: SORTED } },
    { kernel: kernels.keep_likely, constants: { COUNT, LAST: KEEP - 1, MOST: SORTED } },
  ];
}

function drawRun(vocab_size: number): Specialization {
  const COUNT = Math.min(KEEP, vocab_size);
  const constants = { COUNT, COMPLETE: COUNT === vocab_size, MOST: SORTED };
  return { kernel: kernels.draw, constants };
}
