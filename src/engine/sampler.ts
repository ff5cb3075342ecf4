import type { Commands } from '../gpu/commands.ts';
import type { Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { readBack } from '../gpu/readback.ts';
import { NonFiniteLogitsError } from './errors.ts';
import { allCandidates, draw, type SamplingOptions } from './sampling.ts';

/** Candidates that come back from the GPU when a token is drawn. */
const KEEP = 128;
/** Candidates that one workgroup of `top_k` sorts. */
const SORTED = 1024;

/**
 * Chooses the next token from a row of logits on the GPU. The reduction happens there: the likeliest token, or the
 * KEEP likeliest and the softmax's sum; a few hundred bytes come back. Only options that need more of the
 * distribution than that read the whole row.
 */
export class Sampler {
  private readonly ledger: BufferLedger;
  private readonly commands: Commands;
  private readonly vocab_size: number;
  /** Uniforms of `repetition_penalty` and `softmax_sum`. */
  private readonly penalty: GPUBuffer;
  private readonly sampling: GPUBuffer;
  /** Ids that are made less likely. */
  private readonly ids: GPUBuffer;
  /** `top_k` goes to and fro between these. */
  private readonly candidates: readonly [GPUBuffer, GPUBuffer];
  /** What comes back: the argmax or the sum, then KEEP candidates. */
  private readonly result: GPUBuffer;

  private constructor(
    ledger: BufferLedger,
    commands: Commands,
    vocab_size: number,
    buffers: readonly GPUBuffer[],
  ) {
    this.ledger = ledger;
    this.commands = commands;
    this.vocab_size = vocab_size;
    const [penalty, sampling, ids, a, b, result] = buffers as [
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
    ];
    this.penalty = penalty;
    this.sampling = sampling;
    this.ids = ids;
    this.candidates = [a, b];
    this.result = result;
  }

  static async create(
    ledger: BufferLedger,
    commands: Commands,
    vocab_size: number,
  ): Promise<Sampler> {
    const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const list = Math.ceil(vocab_size / SORTED) * KEEP * 8;
    const sizes: [string, number, GPUBufferUsageFlags][] = [
      ['repetition penalty', 16, uniform],
      ['sampling', 16, uniform],
      ['penalized ids', vocab_size * 4, storage],
      ['candidates a', list, storage],
      ['candidates b', list, storage],
      ['sampled', 256, storage],
    ];
    const buffers: GPUBuffer[] = [];
    for (const [label, bytes, usage] of sizes) {
      buffers.push(await ledger.create('activations', label, bytes, usage));
    }
    return new Sampler(ledger, commands, vocab_size, buffers);
  }

  /** The pipelines that it needs. */
  static specializations(vocab_size: number): Specialization[] {
    return [
      { kernel: kernels.argmax, constants: { VOCAB: vocab_size } },
      { kernel: kernels.softmax_sum, constants: { VOCAB: vocab_size } },
      { kernel: kernels.repetition_penalty, constants: {} },
      ...topKRuns(vocab_size),
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
    if (options.temperature === 0) return this.greedy(logits, context.length);
    return this.sampled(logits, context.length, options, random());
  }

  private penalize(logits: GPUBuffer, context: readonly number[], penalty: number): void {
    const ids = Uint32Array.from(new Set(context));
    const { queue } = this.commands.device;
    queue.writeBuffer(this.penalty, 0, Float32Array.of(penalty));
    queue.writeBuffer(this.penalty, 4, Uint32Array.of(ids.length));
    queue.writeBuffer(this.ids, 0, ids);
    this.commands.dispatch(
      { kernel: kernels.repetition_penalty, constants: {} },
      { settings: { buffer: this.penalty }, ids: { buffer: this.ids }, logits: { buffer: logits } },
      ids.length,
    );
  }

  private async greedy(logits: GPUBuffer, position: number): Promise<number> {
    this.commands.dispatch(
      { kernel: kernels.argmax, constants: { VOCAB: this.vocab_size } },
      { logits: { buffer: logits }, best: { buffer: this.result } },
      1,
    );
    const best = await this.read(this.result, 12);
    checkFinite(best.getUint32(8, true), position);
    return best.getUint32(0, true);
  }

  private async sampled(
    logits: GPUBuffer,
    position: number,
    options: SamplingOptions,
    u: number,
  ): Promise<number> {
    const { temperature } = options;
    this.commands.device.queue.writeBuffer(this.sampling, 0, Float32Array.of(temperature));
    this.commands.dispatch(
      { kernel: kernels.softmax_sum, constants: { VOCAB: this.vocab_size } },
      {
        sampling: { buffer: this.sampling },
        logits: { buffer: logits },
        sum: { buffer: this.result },
      },
      1,
    );
    let [from, to] = this.candidates;
    for (const run of topKRuns(this.vocab_size)) {
      this.commands.dispatch(
        run,
        { logits: { buffer: logits }, candidates: { buffer: from }, kept: { buffer: to } },
        1,
      );
      [from, to] = [to, from];
    }
    const kept = Math.min(KEEP, this.vocab_size);
    this.commands.copy(this.result, 0, to, 0, 16);
    const sum = await this.read(to, 16);
    checkFinite(sum.getUint32(8, true), position);
    const list = new Uint32Array(await this.bytes(from, kept * 8));
    const ids = Uint32Array.from({ length: kept }, (_, i) => list[2 * i]!);
    const values = new Float32Array(list.buffer);
    const best = Float32Array.from({ length: kept }, (_, i) => values[2 * i + 1]!);
    const total = sum.getFloat32(4, true);
    const complete = kept === this.vocab_size;
    const token = draw({ ids, logits: best, total, complete }, options, u);
    if (token !== null) return token;
    const row = new Float32Array(await this.bytes(logits, this.vocab_size * 4));
    return draw(allCandidates(row, temperature), options, u)!;
  }

  private bytes(buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
    return readBack(this.ledger, this.commands, { buffer, size });
  }

  private async read(buffer: GPUBuffer, size: number): Promise<DataView> {
    return new DataView(await this.bytes(buffer, size));
  }
}

/** `top_k` over the logits, then over its own output until one list of KEEP is left. */
function topKRuns(vocab_size: number): Specialization[] {
  const runs: Specialization[] = [];
  let count = vocab_size;
  do {
    const constants = { COUNT: count, FROM_LOGITS: runs.length === 0, KEEP };
    runs.push({ kernel: kernels.top_k, constants });
    count = Math.ceil(count / SORTED) * KEEP;
  } while (count > KEEP);
  return runs;
}

function checkFinite(count: number, position: number): void {
  if (count > 0) throw new NonFiniteLogitsError({ position, count });
}
