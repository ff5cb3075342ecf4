import dispatchCostWgsl from '../../shaders/rates/dispatch_cost.wgsl?raw';
import fmaRateWgsl from '../../shaders/rates/fma_rate.wgsl?raw';
import readRateWgsl from '../../shaders/rates/read_rate.wgsl?raw';
import { Commands } from './commands.ts';
import type { Kernel } from './kernel.ts';
import type { BufferLedger } from './ledger.ts';
import { Pipelines } from './pipelines.ts';
import { type Effort, secondsEach, Timer } from './timer.ts';

/** What a device can do at best. */
export interface DeviceRates {
  /** Bytes a second that a shader reads. */
  readonly read_bytes_per_second: number;
  /** Bytes a second that are copied from buffer to buffer: each is read and written once. */
  readonly copy_bytes_per_second: number;
  /** Multiplications and additions of f32 a second: two for each fused pair. */
  readonly fma_operations_per_second: number;
  /** Seconds from one dispatch to the next that depends on it, recording included. */
  readonly dispatch_seconds: number;
}

const READ_GROUPS = 16_384;

const read_rate: Kernel = {
  label: 'read_rate',
  wgsl: readRateWgsl,
  bindings: { data: 'read', found: 'write' },
  decodes: false,
  workgroups: () => [READ_GROUPS, 1],
};

/** Operations of one workgroup of `fma_rate`. */
const FMA_OPERATIONS = 2 * 256 * 128 * 8 * 4;
/** Workgroups that any device finishes soon; a large one gets as many as take it a millisecond. */
const FMA_GROUPS = 64;
const MOST_GROUPS = 65_535;

/** Here `tokens` counts workgroups. */
const fma_rate: Kernel = {
  label: 'fma_rate',
  wgsl: fmaRateWgsl,
  bindings: { found: 'write' },
  decodes: false,
  workgroups: (_, groups) => [groups, 1],
};

const dispatch_cost: Kernel = {
  label: 'dispatch_cost',
  wgsl: dispatchCostWgsl,
  bindings: { count: 'write' },
  decodes: false,
  workgroups: () => [1, 1],
};

const EFFORT: Effort = { repeats: 5, run_seconds: 0.02 };

/** @param bytes how much memory to read at once: more than any cache holds */
export async function measureRates(ledger: BufferLedger, bytes: number): Promise<DeviceRates> {
  const { device } = ledger;
  const pipelines = Pipelines.of(device);
  const commands = new Commands(device, pipelines);
  const specializations = [read_rate, fma_rate, dispatch_cost].map((kernel) => ({
    kernel,
    constants: {},
  }));
  await pipelines.prepare(specializations);
  const [read, fma, dispatch] = specializations as [Spec, Spec, Spec];
  const timer = await Timer.create(ledger, EFFORT);
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const usage = STORAGE | COPY_SRC | COPY_DST;
  const data = await ledger.create('activations', 'read rate', bytes, usage);
  // Half as large, so that a copy reads and writes as much memory as a reading reads.
  const copy = await ledger.create('activations', 'copy rate', bytes / 2, usage);
  const found = await ledger.create('activations', 'found', 16, usage);
  try {
    const views = { data: { buffer: data }, found: { buffer: found }, count: { buffer: found } };
    const reading = await timer.seconds([commands.prepare(read, views, 1)]);
    const few = await timer.seconds([commands.prepare(fma, views, FMA_GROUPS)]);
    const groups = Math.min(MOST_GROUPS, FMA_GROUPS * Math.max(1, Math.round(1e-3 / few.median)));
    const multiplying = await timer.seconds([commands.prepare(fma, views, groups)]);
    const counting = commands.prepare(dispatch, views, 1);
    const copying = () => commands.copy(data, 0, copy, 0, copy.size);
    return {
      read_bytes_per_second: bytes / reading.median,
      copy_bytes_per_second: copy.size / (await recordedSeconds(commands, copying)),
      fma_operations_per_second: (FMA_OPERATIONS * groups) / multiplying.median,
      dispatch_seconds: await recordedSeconds(commands, () => commands.run(counting)),
    };
  } finally {
    timer.destroy();
    for (const buffer of [data, copy, found]) ledger.destroy(buffer);
  }
}

type Spec = { readonly kernel: Kernel; readonly constants: Record<string, never> };

/** Seconds of recording and doing something once, by the clock. */
async function recordedSeconds(commands: Commands, record: () => void): Promise<number> {
  const run = async (times: number): Promise<number> => {
    const started = performance.now();
    for (let i = 0; i < times; i++) record();
    commands.submit();
    await commands.device.queue.onSubmittedWorkDone();
    return (performance.now() - started) / 1000;
  };
  return (await secondsEach(run, EFFORT, 'clock')).median;
}
