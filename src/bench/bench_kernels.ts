import type { Dispatcher } from '../engine/dispatcher.ts';
import type { Gpu } from '../gpu/device.ts';
import type { DeviceRates } from '../gpu/rates.ts';
import { perSecond } from '../gpu/spread.ts';
import { type Effort, Timer } from '../gpu/timer.ts';
import type { ModelConfig } from '../model/config.ts';
import { llamaConfig, SHAPES } from '../model/shapes.ts';
import { type KernelBench, kernelBenches } from './kernel_benches.ts';
import { KernelLab } from './kernel_lab.ts';
import { workOf } from './kernel_work.ts';
import { type Follower, step } from './progress.ts';
import type { KernelResult, KernelsReport } from './report.ts';

type Call = Parameters<Dispatcher['dispatch']>;

/** More than the caches of a GPU hold. */
const ARENA_BYTES = 256 * 2 ** 20;

/** What is run, and for how long. */
export interface KernelBenchSize {
  /** Dimensions of the model whose steps are run. */
  readonly config: ModelConfig;
  readonly prompt_tokens: number;
  /** Memory for the copies of a matrix, twice, and for caches. */
  readonly arena_bytes: number;
  readonly effort: Effort;
}

/** A GPU runs the shapes of an 8B model; one that is emulated on the CPU those of a small one, and not for long. */
function sizeFor({ adapter, device }: Gpu): KernelBenchSize {
  const { software } = adapter;
  const shape = SHAPES[software ? 'smollm2-135m' : 'llama-8b'];
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const arena_bytes = ARENA_BYTES / (software ? 4 : 1);
  return {
    config: llamaConfig(shape),
    prompt_tokens: software ? 128 : 512,
    arena_bytes: Math.min(arena_bytes, maxBufferSize, maxStorageBufferBindingSize),
    effort: software ? { repeats: 3, run_seconds: 0.05 } : { repeats: 5, run_seconds: 0.02 },
  };
}

/**
 * Every kernel alone, on the shapes that take a model's time, beside what the device can do at best.
 * @param size as large as the device is, unless given
 * @throws BenchCancelledError, ShaderError, GpuOutOfMemoryError
 */
export async function benchKernels(
  gpu: Gpu,
  rates: DeviceRates,
  follower: Follower = {},
  size = sizeFor(gpu),
): Promise<KernelsReport> {
  const { config, prompt_tokens, arena_bytes, effort } = size;
  const benches = kernelBenches(config, prompt_tokens);
  const lab = await KernelLab.create(gpu, config, prompt_tokens, arena_bytes);
  try {
    const timer = await Timer.create(lab.ledger, effort);
    const results = new Map<string, KernelResult>();
    for (const [done, bench] of benches.entries()) {
      step(follower, { name: bench.name, done, of: benches.length });
      for (const result of await measure(lab, timer, rates, bench)) {
        // Steps have kernels in common: the first time counts.
        const { kernel, type, shape, tokens, position } = result;
        const key = [kernel, type, shape, tokens, position].join();
        if (!results.has(key)) results.set(key, result);
      }
    }
    timer.destroy();
    return { timing: timer.method, results: [...results.values()] };
  } finally {
    lab.destroy();
  }
}

async function measure(
  lab: KernelLab,
  timer: Timer,
  rates: DeviceRates,
  { pass, matrix, cached = false, steps }: KernelBench,
): Promise<KernelResult[]> {
  await lab.begin(pass, cached);
  const { arena, commands, pipelines } = lab;
  const { type = 'F32', rows: all = 0, cols = 0 } = matrix ?? {};
  const rows = matrix ? arena.rowsThatFit(type, all, cols) : 0;
  const copies = cached ? lab.caches.length : matrix ? arena.copies(type, rows, cols) : 1;
  const runs = Array.from({ length: copies }, (_, copy) => {
    const calls: Call[] = [];
    const dispatcher = { dispatch: (...call: Call) => void calls.push(call) };
    steps(lab, dispatcher, arena.matrix(type, rows, cols, copy), copy);
    return calls;
  });
  await pipelines.prepare(runs[0]!.map(([specialization]) => specialization));
  // Each step reads what the one before has left.
  for (const call of runs[0]!) commands.dispatch(...call);
  commands.submit();
  const results: KernelResult[] = [];
  for (const [i, [specialization]] of runs[0]!.entries()) {
    const seconds = await timer.seconds(runs.map((calls) => commands.prepare(...calls[i]!)));
    const { shape, bytes, operations } = workOf(specialization, pass);
    results.push({
      kernel: specialization.kernel.label,
      type: specialization.type ?? null,
      shape,
      tokens: pass.tokens,
      position: pass.first,
      seconds,
      bytes,
      operations,
      bytes_rate: perSecond(bytes, seconds),
      operations_rate: perSecond(operations, seconds),
      share_of_read: bytes / seconds.median / rates.read_bytes_per_second,
      share_of_fma: operations / seconds.median / rates.fma_operations_per_second,
    });
  }
  return results;
}
