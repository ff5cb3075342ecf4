import type { Gpu } from '../gpu/device.ts';
import { fitSlowdown, steadySeconds } from '../plan/pipeline.ts';
import { timed } from '../plan/predict.ts';
import type { ChunkRate, ModelRates, RingSize } from '../plan/rates.ts';
import type { ModelLayout } from '../store/pack_layout.ts';
import type { WeightReader } from '../store/weight_store.ts';
import { batchOf } from './batch.ts';
import type { Choices } from './choices.ts';
import { excerptOf } from './excerpt.ts';
import { forward, forwardResident } from './forward.ts';
import type { Model } from './model.ts';
import { fillAndCompile, limitsOf, type OpenModel, openModel } from './open_model.ts';
import { TOKENS_IN_FLIGHT } from './sampler.ts';
import { mostBytes, PREFILL_TOKENS, type SizeOptions, sizesOf } from './sizes.ts';
import { more, secondsEach, secondsWhole, warmUp } from './stopwatch.ts';
import { tuneModel } from './tune.ts';
import { workOf } from './work.ts';

/** Weights that a rehearsal brings to a GPU: more than its caches hold. */
const GPU_BYTES = 256 * 2 ** 20;
/** Layers on an emulated GPU, where computing and not reading takes the time. */
const SOFTWARE_LAYERS = 2;
/** Sizes of a prompt's chunks. */
const CHUNKS = [16, 64, 256, PREFILL_TOKENS];
/** After a chunk that takes so long no larger one is tried: it would take in proportion. */
const LONG_SECONDS = 0.25;
/** A GPU's clocks need about this long to rise. */
const WARM_SECONDS = 1;
/** Rows of the output matrix where an emulated GPU or a small budget is spared the others: they take their time in proportion. */
const FEW_ROWS = 16_384;
/** Rows of the embedding that are read at once. */
const ROWS = 64;

export interface RehearsalOptions {
  readonly gpu: Gpu;
  readonly model: ModelLayout;
  /** The model's files, or files of the same sizes. */
  readonly reader: WeightReader;
  readonly pack: string;
  readonly ring: RingSize;
  /** Bytes of GPU memory that it may take. */
  readonly budget: number;
}

export interface Rehearsed {
  readonly rates: ModelRates;
  /** Kernels that were found faster than those of the rules; the rates are with them. */
  readonly choices: Choices;
}

/**
 * Chooses kernels, then measures what a model of this shape costs here: the engine itself, with a few of the layers,
 * once with everything on the GPU, once with one layer at a time. Takes seconds, and as much memory as one layer at least.
 * @throws the engine's errors
 */
export async function rehearseModel(options: RehearsalOptions): Promise<Rehearsed> {
  const { gpu, budget, ring, model } = options;
  const { vocab_size } = model.config;
  const whole = excerptOf(model, layersOf(options), vocab_size);
  const few = excerptOf(model, layersOf(options), Math.min(vocab_size, FEW_ROWS));
  const sizesFor = (tokens: number): SizeOptions => ({
    ring,
    residency: 'resident',
    context_length: 2 * tokens,
    prefill_tokens: tokens,
  });
  // A small budget holds the activations of small chunks only.
  const [least, ...more] = CHUNKS;
  const fits = (part: ModelLayout, tokens: number) =>
    mostBytes(sizesOf(part, limitsOf(gpu.device), sizesFor(tokens))) <= budget;
  const excerpt = !gpu.adapter.software && fits(whole, PREFILL_TOKENS) ? whole : few;
  const chunks = [least!, ...more.filter((tokens) => fits(excerpt, tokens))];
  const tokens = chunks.at(-1)!;
  const open = (residency: 'strict' | 'resident', choices: Choices) =>
    openModel({
      ...{ gpu, budget, store: options.reader, pack: options.pack, manifest: excerpt, choices },
      ...sizesFor(tokens),
      residency,
    });
  const { choices, computing } = await closing(await open('resident', {}), async (opened) => {
    const choices = await tuneModel(opened.model, tokens);
    const model = { ...opened.model, choices };
    await fillAndCompile(model, tokens);
    return { choices, computing: await measureComputing({ ...opened, model }, chunks) };
  });
  const reading = await closing(await open('strict', choices), (opened) =>
    measureReading(opened, computing),
  );
  // The rest of the vocabulary takes as long as what was rehearsed.
  const rows = vocab_size / excerpt.config.vocab_size;
  const rates = {
    ...computing,
    ...reading,
    head_seconds: computing.head_seconds * rows,
    choose_seconds: computing.choose_seconds * rows,
  };
  return { rates, choices };
}

type Computing = Omit<
  ModelRates,
  'piece_seconds' | 'bytes_per_second' | 'row_seconds' | 'slowdown'
>;

function layersOf({ gpu, model, budget }: RehearsalOptions): number {
  const largest = Math.max(...model.layers.map(({ bytes }) => bytes));
  const most = gpu.adapter.software ? SOFTWARE_LAYERS : Math.ceil(GPU_BYTES / largest);
  const held = Math.floor(budget / 2 / largest);
  return Math.max(1, Math.min(model.layers.length, most, held));
}

/** Everything is on the GPU: passes and what comes after them. */
async function measureComputing(
  { model, sampler }: OpenModel,
  sizes: readonly number[],
): Promise<Computing> {
  const { length } = model.weights.layout.layers;
  const without: Model = { ...model, config: { ...model.config, num_hidden_layers: 0 } };
  const { queue } = model.commands.device;
  const passes = async (times: number, of: Model, tokens: number, first = 0, head = false) => {
    for (let i = 0; i < times; i++) await passOf(of, tokens, first, head);
    await queue.onSubmittedWorkDone();
  };
  /** One pass follows the other without a wait. */
  const pass = (of: Model, head: boolean) => secondsEach((times) => passes(times, of, 1, 0, head));
  /** The same of tokens as they go while decoding. */
  const token = (of: Model, first: number) =>
    secondsEach(async (times) => {
      await model.kv.reserve(0, first + 1);
      for (let i = 0; i < times; i++) await decodeToken(of, first);
      await queue.onSubmittedWorkDone();
    });
  /** Each pass is waited for, as a prompt's is. */
  const alone = (of: Model, tokens: number, first = 0) =>
    secondsWhole(() => passes(1, of, tokens, first));

  await warmUp(() => passes(1, model, 1), WARM_SECONDS);
  const pass_seconds = await pass(without, false);
  const headed = await pass(without, true);
  const layers = async (first: number) =>
    more(await token(model, first), await token(without, first)) / length;
  const layer_seconds = await layers(0);
  const position = 2 * sizes.at(-1)! - 1;
  const later_seconds = await layers(position);
  const waiting_seconds = Math.max(0, (await alone(without, 1)) - pass_seconds);
  const chunks: ChunkRate[] = [{ tokens: 1, layer_seconds, pass_seconds }];
  const inLayers = (whole: number, besides: number) => more(whole, besides) / length;
  let chunk_position_seconds = 0;
  for (const tokens of sizes) {
    const besides = await alone(without, tokens);
    const whole = await alone(model, tokens);
    const chunk_seconds = inLayers(whole, besides);
    chunks.push({
      tokens,
      layer_seconds: chunk_seconds,
      pass_seconds: Math.max(0, besides - waiting_seconds),
    });
    if (whole < LONG_SECONDS && tokens !== sizes.at(-1)) continue;
    const later = inLayers(await alone(model, tokens, tokens), besides);
    chunk_position_seconds = Math.max(0, later - chunk_seconds) / tokens / tokens;
    break;
  }
  return {
    pass_seconds,
    layer_seconds,
    position_seconds: Math.max(0, later_seconds - layer_seconds) / position,
    head_seconds: more(headed, pass_seconds),
    chunks,
    chunk_position_seconds,
    ...(await measureChoosing(sampler)),
  };
}

/** One token alone, and as many as there may be on their way: the difference is work, the rest is waiting. */
async function measureChoosing(
  sampler: OpenModel['sampler'],
): Promise<Pick<ModelRates, 'choose_seconds' | 'latency_seconds'>> {
  const choose = (tokens: number) =>
    secondsWhole(() => Promise.all(Array.from({ length: tokens }, () => sampler.choose(0, 0))));
  const one = await choose(1);
  const choose_seconds =
    Math.max(0, (await choose(TOKENS_IN_FLIGHT)) - one) / (TOKENS_IN_FLIGHT - 1);
  return { choose_seconds, latency_seconds: Math.max(0, one - choose_seconds) };
}

/** One layer at a time: reading alone, then with computing beside it. */
async function measureReading(
  { model, sizes }: OpenModel,
  computing: Computing,
): Promise<Pick<ModelRates, 'piece_seconds' | 'bytes_per_second' | 'row_seconds' | 'slowdown'>> {
  const { commands, weights } = model;
  const { length } = weights.layout.layers;
  const work = workOf(sizes);
  const reading = (read: (i: number) => Promise<unknown>) =>
    secondsEach(async (times) => {
      for (let i = 0; i < times; i++) {
        await read(i);
        commands.submit();
      }
      await commands.device.queue.onSubmittedWorkDone();
    });
  const layer = await reading((i) => weights.layer(i % length, commands));
  const small = await reading(() => weights.finalNorm(commands));
  const rows = Math.min(ROWS, weights.layout.embedding_rows);
  const ids = Uint32Array.from({ length: rows }, (_, i) => (i * 31) % model.config.vocab_size);
  const one_row = await reading(() => weights.embedding(ids.subarray(0, 1), commands));
  const many_rows = await reading(() => weights.embedding(ids, commands));

  const layers = work.steps.filter(({ kind }) => kind === 'layer').flatMap(({ reads }) => reads);
  const bytes = layers.reduce((sum, piece) => sum + piece, 0) / length;
  // Of a small layer most of the time is the piece's own.
  const piece_seconds = Math.min(small, layer / 2 / (layers.length / length));
  const rates = {
    piece_seconds,
    bytes_per_second: bytes / (layer - (piece_seconds * layers.length) / length),
    row_seconds: Math.max(0, many_rows - one_row) / Math.max(1, rows - 1),
  };
  const strict = await secondsEach(async (times) => {
    for (let i = 0; i < times; i++) await passOf(model, 1, 0, true);
    await commands.device.queue.onSubmittedWorkDone();
  });
  const steps = timed(work.steps, { ...computing, ...rates }, 1, {
    layer: computing.layer_seconds,
    pass: computing.pass_seconds,
  });
  const { pieces } = work;
  const slowdown = fitSlowdown(steps, pieces, strict);
  // What sharing does not explain a piece costs beside its reading: the thread that reads also submits.
  const count = steps.flatMap(({ reads }) => reads).length;
  const unexplained = Math.max(0, strict - steadySeconds(steps, { pieces, slowdown }));
  return { ...rates, slowdown, piece_seconds: piece_seconds + unexplained / count };
}

/** A token, the next one on its way before it is done. An embedding that is not on the GPU has to be read for each. */
async function decodeToken(model: Model, position: number): Promise<void> {
  if (!model.weights.resident_embedding) return passOf(model, 1, position, false);
  forwardResident(model, batchOf([0], position));
  model.commands.submit();
}

/** A pass of tokens that mean nothing. */
async function passOf(model: Model, tokens: number, first: number, head: boolean): Promise<void> {
  await model.kv.reserve(0, first + tokens);
  await forward(model, batchOf(new Uint32Array(tokens), first), { head });
}

async function closing<T>(opened: OpenModel, use: (opened: OpenModel) => Promise<T>): Promise<T> {
  try {
    return await use(opened);
  } finally {
    opened.model.weights.close();
    opened.model.ledger.destroyAll();
  }
}
