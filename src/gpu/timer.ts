import { encode, type Recorded } from './commands.ts';
import type { BufferLedger } from './ledger.ts';
import { type Spread, spreadOf } from './spread.ts';

/** The GPU's own clock, or this machine's. */
export type TimingMethod = 'timestamps' | 'clock';

/** How long a figure may take. */
export interface Effort {
  readonly repeats: number;
  /** Seconds that one run should take at least: a browser rounds timestamps to 100 µs. */
  readonly run_seconds: number;
}

/** More in one run costs more to record than it tells. */
const MOST_TIMES = 20_000;

/** Where the two timestamps of a pass go. */
interface Stamps {
  readonly queries: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly readable: GPUBuffer;
}

/**
 * Times kernels: many dispatches in one pass, by timestamps at its two ends where the device has them, else by the
 * clock as the difference between a long and a short run, so that what every submission costs does not count.
 */
export class Timer {
  readonly method: TimingMethod;
  private readonly ledger: BufferLedger;
  private readonly effort: Effort;
  private readonly stamps: Stamps | null;
  /** Dispatches so far: each run goes on where the last one ended. */
  private count = 0;

  private constructor(ledger: BufferLedger, effort: Effort, stamps: Stamps | null) {
    this.ledger = ledger;
    this.effort = effort;
    this.stamps = stamps;
    this.method = stamps ? 'timestamps' : 'clock';
  }

  static async create(ledger: BufferLedger, effort: Effort): Promise<Timer> {
    const { device } = ledger;
    if (!device.features.has('timestamp-query')) return new Timer(ledger, effort, null);
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const buffer = (usage: GPUBufferUsageFlags) =>
      ledger.create('staging', 'timestamps', 16, usage);
    return new Timer(ledger, effort, {
      queries: device.createQuerySet({ type: 'timestamp', count: 2 }),
      resolved: await buffer(QUERY_RESOLVE | COPY_SRC),
      readable: await buffer(COPY_DST | MAP_READ),
    });
  }

  /**
   * Seconds of one dispatch.
   * @param recorded taken in turn, so that no cache holds what the next one reads
   */
  async seconds(recorded: readonly Recorded[]): Promise<Spread> {
    return secondsEach((times) => this.run(recorded, times), this.effort, this.method);
  }

  destroy(): void {
    if (!this.stamps) return;
    const { queries, resolved, readable } = this.stamps;
    queries.destroy();
    for (const buffer of [resolved, readable]) this.ledger.destroy(buffer);
  }

  /** Seconds of `times` dispatches in one pass; by the clock, of everything from their submission to their end. */
  private async run(recorded: readonly Recorded[], times: number): Promise<number> {
    const { stamps } = this;
    const { device } = this.ledger;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(
      stamps
        ? {
            timestampWrites: {
              querySet: stamps.queries,
              beginningOfPassWriteIndex: 0,
              endOfPassWriteIndex: 1,
            },
          }
        : {},
    );
    for (let i = 0; i < times; i++) encode(pass, recorded[this.count++ % recorded.length]!);
    pass.end();
    if (!stamps) {
      const commands = encoder.finish();
      const started = performance.now();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - started) / 1000;
    }
    const { queries, resolved, readable } = stamps;
    encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, 16);
    device.queue.submit([encoder.finish()]);
    await readable.mapAsync(GPUMapMode.READ);
    const [begin, end] = new BigUint64Array(readable.getMappedRange().slice(0));
    readable.unmap();
    return Number(end! - begin!) / 1e9;
  }
}

/**
 * Seconds of doing something once.
 * @param run does it so many times, and says how many seconds that took
 */
export async function secondsEach(
  run: (times: number) => Promise<number>,
  { repeats, run_seconds }: Effort,
  method: TimingMethod,
): Promise<Spread> {
  await run(1);
  let times = 1;
  for (;;) {
    const seconds = await run(times);
    if (seconds >= run_seconds || times === MOST_TIMES) break;
    const wanted = seconds > 0 ? Math.ceil((1.2 * run_seconds * times) / seconds) : 8 * times;
    times = Math.min(wanted, 8 * times, MOST_TIMES);
  }
  const all: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const long = await run(times);
    const few = method === 'clock' ? times >> 2 : 0;
    const short = method === 'clock' ? await run(few) : 0;
    all.push((long - short) / (times - few));
  }
  return spreadOf(all);
}
