import { benchKernels } from '../bench/bench_kernels.ts';
import { benchChatModel } from '../bench/bench_model.ts';
import { benchRates } from '../bench/bench_rates.ts';
import { benchRing } from '../bench/bench_ring.ts';
import type { Follower } from '../bench/progress.ts';
import type { ChatModel } from '../engine/chat_model.ts';
import type { Gpu } from '../gpu/device.ts';
import type { WeightStore } from '../store/weight_store.ts';
import type { BenchPart, BenchProgress, BenchReport, RunOptions } from './protocol.ts';

/** How much of a model is run to measure it. */
const MODEL_RUNS = { prompt_tokens: 64, decode_tokens: 16, repeats: 3 };

interface Subject {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  /** The model that is loaded, and how it was asked to run. */
  readonly model: ChatModel | null;
  readonly run: RunOptions;
}

/** Measures the device and what is wanted of the rest; no progress arrives after the report. */
export async function diagnose(
  { gpu, store, model, run }: Subject,
  parts: readonly BenchPart[],
  onProgress: (progress: BenchProgress) => unknown,
  signal: AbortSignal,
): Promise<BenchReport> {
  let told: unknown;
  const follower: Follower = {
    onProgress: (progress) => {
      told = onProgress(progress);
    },
    signal,
  };
  const rates = await benchRates(gpu);
  const report = {
    adapter: gpu.adapter,
    rates,
    ...(parts.includes('kernels') && { kernels: await benchKernels(gpu, rates, follower) }),
    ...(parts.includes('ring') && { ring: await benchRing(gpu, store, follower) }),
    ...(parts.includes('model') &&
      model && {
        model: await benchChatModel(
          model,
          { gpu, manifest: model.manifest, rates, ...MODEL_RUNS },
          run,
          follower,
        ),
      }),
    ...(model && { memory: model.engine.ledger.readAll() }),
  };
  await told;
  return report;
}
