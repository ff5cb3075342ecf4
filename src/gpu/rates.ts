import dispatchCostWgsl from '../../shaders/rates/dispatch_cost.wgsl?raw';
import readRateWgsl from '../../shaders/rates/read_rate.wgsl?raw';
import { Commands } from './commands.ts';
import type { Kernel } from './kernel.ts';
import type { BufferLedger } from './ledger.ts';
import { Pipelines } from './pipelines.ts';

/** What a device can do at best. */
export interface DeviceRates {
  /** Bytes a second that a shader reads. */
  readonly read_bytes_per_second: number;
  /** Seconds from one dispatch to the next that depends on it. */
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

const dispatch_cost: Kernel = {
  label: 'dispatch_cost',
  wgsl: dispatchCostWgsl,
  bindings: { count: 'write' },
  decodes: false,
  workgroups: () => [1, 1],
};

const DISPATCHES = 1000;
const REPEATS = 5;

/**
 * Measures by the clock, each rate as the difference between a long and a short run, so that what every submission
 * costs does not count.
 * @param bytes how much memory to read at once: more than any cache holds
 */
export async function measureRates(ledger: BufferLedger, bytes: number): Promise<DeviceRates> {
  const { device } = ledger;
  const pipelines = Pipelines.of(device);
  const commands = new Commands(device, pipelines);
  const read = { kernel: read_rate, constants: {} };
  const dispatch = { kernel: dispatch_cost, constants: {} };
  await pipelines.prepare([read, dispatch]);
  const usage = GPUBufferUsage.STORAGE;
  const data = await ledger.create('activations', 'read rate', bytes, usage);
  const found = await ledger.create('activations', 'found', 16, usage);
  const seconds = async (run: () => void, times: number): Promise<number> => {
    const started = performance.now();
    for (let i = 0; i < times; i++) run();
    commands.submit();
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - started) / 1000;
  };
  const difference = async (run: () => void, few: number, many: number): Promise<number> => {
    await seconds(run, few);
    const all: number[] = [];
    for (let i = 0; i < REPEATS; i++) {
      all.push(((await seconds(run, many)) - (await seconds(run, few))) / (many - few));
    }
    return all.sort((a, b) => a - b)[REPEATS >> 1]!;
  };
  const reading = commands.prepare(read, { data: { buffer: data }, found: { buffer: found } }, 1);
  const counting = commands.prepare(dispatch, { count: { buffer: found } }, 1);
  const read_seconds = await difference(() => commands.run(reading), 1, 9);
  const dispatch_seconds = await difference(() => commands.run(counting), 10, DISPATCHES);
  ledger.destroy(data);
  ledger.destroy(found);
  return { read_bytes_per_second: bytes / read_seconds, dispatch_seconds };
}
