import type { ChatModel, RunOptions } from '../engine/chat_model.ts';
import { Engine } from '../engine/engine.ts';
import { Conversation, type GenerationStatistics } from '../engine/generate.ts';
import type { Measured } from '../engine/measured.ts';
import { seededRandom } from '../engine/random.ts';
import { ringRate, stretchesOf } from '../engine/ring_rate.ts';
import { warmUp } from '../engine/stopwatch.ts';
import type { Gpu } from '../gpu/device.ts';
import { GpuOutOfMemoryError } from '../gpu/errors.ts';
import type { DeviceRates } from '../gpu/rates.ts';
import { type Spread, spreadOf } from '../gpu/spread.ts';
import { BudgetTooSmallError } from '../plan/errors.ts';
import { RESIDENCIES } from '../plan/residency.ts';
import type { Manifest } from '../store/manifest.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { type Follower, step } from './progress.ts';
import type { ModelReport, ModelResult } from './report.ts';
import { type Way, weightShares } from './ways.ts';

const PART_BYTES = 64 * 2 ** 20;
const RING_REPEATS = 5;
/** So long at most runs do not count while they still become faster. */
const WARM_SECONDS = 3;

export interface ModelBenchOptions {
  readonly gpu: Gpu;
  readonly manifest: Manifest;
  readonly rates: DeviceRates;
  /** Tokens that are taken in, and tokens that are generated: at least 2. */
  readonly prompt_tokens: number;
  readonly decode_tokens: number;
  readonly repeats: number;
}

/** Where a model is, how it is run, and what the predictions go by. */
export interface ModelChoice {
  readonly store: WeightStore;
  readonly pack: string;
  readonly ways: readonly Way[];
  readonly planned_by: Measured;
}

/** Runs of one engine. */
interface Run {
  readonly statistics: GenerationStatistics;
  /** Bytes that were read after the first token. */
  readonly bytes_decoding: number;
}

/**
 * Prefill and decode of a model in some residencies, beside what the device and the ring can do at best.
 * @throws BenchCancelledError, and what `Engine.create` and `Conversation.generate` throw
 */
export async function benchModel(
  options: ModelBenchOptions,
  { store, pack, ways, planned_by }: ModelChoice,
  follower: Follower = {},
): Promise<ModelReport> {
  const { gpu, manifest } = options;
  let ring: Spread | null = null;
  const results: ModelResult[] = [];
  for (const { sizes, predicted } of ways) {
    const engine = await Engine.create({ gpu, manifest, store, pack, ...sizes });
    try {
      ring ??= await measureRing(engine, options);
      const result = await benchEngine(engine, options, ring, follower);
      results.push({ ...result, budget_weights: sizes.budget_weights ?? null, predicted });
    } finally {
      engine.destroy();
    }
  }
  return { ...reportOf(options, ring!, results), planned_by };
}

/**
 * The same with a model that is there, in each residency that its budget holds, streaming with half of the weights; afterwards it runs as before, with an
 * empty cache.
 * @param run how the model was asked to run; with `auto` whatever is safe is the budget
 */
export async function benchChatModel(
  model: ChatModel,
  options: ModelBenchOptions,
  run: RunOptions,
  follower: Follower = {},
): Promise<ModelReport> {
  const exchange = {
    prompt_tokens: options.prompt_tokens,
    generated_tokens: options.decode_tokens,
  };
  const results: ModelResult[] = [];
  let ring: Spread | null = null;
  try {
    step(follower, {
      name: `${options.manifest.name}, what predictions go by`,
      done: 0,
      of: RESIDENCIES.length,
    });
    await model.setResidency({ residency: 'auto', budget: run.budget });
    const { budget } = model.engine.ledger;
    const half = weightShares(model.manifest).find(({ share }) => share === 0.5)!.bytes;
    for (const residency of RESIDENCIES) {
      const budget_weights = residency === 'streaming' ? half : null;
      const way = { residency, budget, ...(budget_weights !== null && { budget_weights }) };
      if (!(await fits(model, way))) continue;
      const predicted = model.predict(exchange);
      await model.lend(async (engine) => {
        ring ??= await measureRing(engine, options);
        const result = await benchEngine(engine, options, ring, follower);
        results.push({ ...result, budget_weights, predicted });
      });
    }
  } finally {
    await model.setResidency(run);
  }
  return reportOf(options, ring!, results);
}

async function fits(model: ChatModel, options: RunOptions): Promise<boolean> {
  try {
    await model.setResidency(options);
    return true;
  } catch (error) {
    if (error instanceof BudgetTooSmallError || error instanceof GpuOutOfMemoryError) return false;
    throw error;
  }
}

function reportOf(
  { manifest, prompt_tokens, decode_tokens }: ModelBenchOptions,
  ring_bytes_rate: Spread,
  results: readonly ModelResult[],
): ModelReport {
  return { name: manifest.name, prompt_tokens, decode_tokens, ring_bytes_rate, results };
}

async function benchEngine(
  engine: Engine,
  options: ModelBenchOptions,
  ring: Spread,
  follower: Follower,
): Promise<Omit<ModelResult, 'budget_weights' | 'predicted'>> {
  const { manifest, rates, prompt_tokens, decode_tokens, repeats } = options;
  const { residency, dispatches_per_token } = engine;
  const random = seededRandom(1);
  const known = Math.min(manifest.config.vocab_size, 256);
  const prompt = Array.from({ length: prompt_tokens }, () => Math.floor(random() * known));
  const runs: Run[] = [];
  const steps = { name: `${manifest.name}, ${residency}`, of: repeats + 1 };
  step(follower, { ...steps, done: 0 });
  await warmUp(() => generate(engine, prompt, decode_tokens), WARM_SECONDS);
  for (let run = 0; run < repeats; run++) {
    step(follower, { ...steps, done: run + 1 });
    runs.push(await generate(engine, prompt, decode_tokens));
  }
  const of = (value: (statistics: GenerationStatistics) => number): Spread =>
    spreadOf(runs.map(({ statistics }) => value(statistics)));

  const { bytes_per_token } = engine.weights;
  const { bytes_decoding } = runs[0]!;
  const streamed = bytes_decoding / (decode_tokens - 1);
  const chunks = Math.ceil(prompt_tokens / engine.prefill_tokens);
  const prefill_seconds = Math.max(
    (chunks * streamed) / ring.median,
    (prompt_tokens * operationsPerToken(manifest)) / rates.fma_operations_per_second,
  );
  return {
    residency,
    weight_bytes: engine.ledger.read('weights').bytes,
    bytes_per_token,
    streamed_bytes_per_token: streamed,
    dispatches_per_token,
    decode_tokens_rate: of((s) => s.tokens_per_second),
    prefill_tokens_rate: of((s) => s.prefill_tokens_per_second),
    time_to_first_token_ms: of((s) => s.time_to_first_token_ms),
    streaming_limit: streamed > 0 ? ring.median / streamed : null,
    resident_limit:
      1 /
      (bytes_per_token / rates.read_bytes_per_second +
        dispatches_per_token * rates.dispatch_seconds),
    prefill_limit: prompt_tokens / prefill_seconds,
  };
}

async function generate(engine: Engine, prompt: readonly number[], tokens: number): Promise<Run> {
  let at_first: number | null = null;
  const { statistics } = await new Conversation(engine).generate(
    prompt,
    [],
    { max_tokens: tokens },
    {
      onToken: () => {
        at_first ??= engine.weights.bytes_read;
      },
    },
  );
  return { statistics, bytes_decoding: engine.weights.bytes_read - at_first! };
}

/** The ring as the engine has it, over the files of all layers in parts that fit into one buffer: bytes a second. */
export function measureRing(
  { weights, ring }: Engine,
  { gpu }: { readonly gpu: Gpu },
): Promise<Spread> {
  const parts = weights.layer_files.flatMap((file) => stretchesOf(file, file.size, PART_BYTES));
  return ringRate(gpu.device, parts, ring, RING_REPEATS);
}

/** Multiplications and additions that a token of a prompt takes, without attention: two for each weight of a layer. */
function operationsPerToken({ layers }: Manifest): number {
  const weights = layers
    .flatMap(({ tensors }) => tensors)
    .filter(({ shape }) => shape.length > 1)
    .reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  return 2 * weights;
}
