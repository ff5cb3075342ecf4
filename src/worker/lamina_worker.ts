import { benchKernels } from '../bench/bench_kernels.ts';
import { benchChatModel } from '../bench/bench_model.ts';
import { benchRates } from '../bench/bench_rates.ts';
import { benchRing } from '../bench/bench_ring.ts';
import type { Follower } from '../bench/progress.ts';
import type { ModelReport } from '../bench/report.ts';
import { ChatModel } from '../engine/chat_model.ts';
import { EngineBusyError } from '../engine/errors.ts';
import type { GenerateOptions } from '../engine/generate.ts';
import { type ModelPlan, planModel } from '../engine/plan_model.ts';
import type { Part } from '../engine/weights_layout.ts';
import { openBlobSource } from '../formats/sources/blob_source.ts';
import { type Gpu, openGpu } from '../gpu/device.ts';
import type { DeviceRates } from '../gpu/rates.ts';
import { planPack } from '../model/plan_pack.ts';
import type { ThinkingParts } from '../model/thinking.ts';
import { type ChatMessage, tokenizerOf } from '../model/tokenizer_data.ts';
import { openBrowserStore } from '../store/choose_store.ts';
import { ImportCancelledError } from '../store/errors.ts';
import { exportPack } from '../store/export_pack.ts';
import { importArchive } from '../store/import_archive.ts';
import { importPack } from '../store/importer.ts';
import { listPacks, openManifest } from '../store/open_pack.ts';
import { packId } from '../store/pack_id.ts';
import { planLayout } from '../store/pack_layout.ts';
import type { OnProgress } from '../store/progress.ts';
import { verifyPack } from '../store/verify.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { createAnswerReader } from './answer_reader.ts';
import { browserKnowledge } from './browser_knowledge.ts';
import { NoModelError } from './errors.ts';
import { EventSender } from './events.ts';
import type {
  BenchPart,
  BenchProgress,
  BenchReport,
  Environment,
  ExportPart,
  GenerationEvent,
  GenerationResult,
  LaminaApi,
  LoadedModel,
  LoadOptions,
  ModelSource,
  PackSummary,
  PlanRequest,
  Residence,
  RunOptions,
} from './protocol.ts';
import { BENCH_PARTS, isExported } from './protocol.ts';
import { readModel } from './read_model.ts';

/** How much of a model is run to measure it. */
const MODEL_RUNS = { prompt_tokens: 64, decode_tokens: 16, repeats: 3 };

/** The side of `LaminaApi` that owns the GPU device, the store and the model. One a worker. */
export class LaminaWorker implements LaminaApi {
  private readonly gpuEntry: GPU | undefined;
  private gpu: Promise<Gpu> | null = null;
  private store: Promise<WeightStore> | null = null;
  private model: ChatModel | null = null;
  /** How the model was asked to run. */
  private run: RunOptions = {};
  private importing: AbortController | null = null;
  /** What the engine is busy with, an answer or a measurement: how to end it, and when it has ended. */
  private running: { readonly abort: AbortController; readonly ended: Promise<unknown> } | null =
    null;

  /** @param gpuEntry `navigator.gpu`, undefined where there is none */
  constructor(gpuEntry: GPU | undefined) {
    this.gpuEntry = gpuEntry;
  }

  async environment(): Promise<Environment> {
    const { adapter } = await this.openGpu();
    const store = await this.openStore();
    return { adapter, store: store.kind, available: await store.available() };
  }

  async packs(): Promise<PackSummary[]> {
    return listPacks(await this.openStore());
  }

  async importModel(source: ModelSource, onProgress: OnProgress): Promise<string> {
    const abort = new AbortController();
    this.importing?.abort();
    this.importing = abort;
    try {
      const { signal } = abort;
      const store = await this.openStore();
      if ('files' in source && isExported(source)) {
        const { file } = source.files[0]!;
        const archive = openBlobSource(file, file.name);
        return await importArchive({ archive, store, onProgress, signal });
      }
      const checkpoint = await readModel(source, signal);
      // Files that may have to be mended must not be open.
      if ((await packId(checkpoint.source)) === this.model?.pack) await this.unload();
      return await importPack({ checkpoint, store, onProgress, signal });
    } catch (error) {
      throw abort.signal.aborted ? new ImportCancelledError({ pack: null }) : error;
    } finally {
      if (this.importing === abort) this.importing = null;
    }
  }

  async cancelImport(): Promise<void> {
    this.importing?.abort();
  }

  async removePack(pack: string): Promise<void> {
    if (pack === this.model?.pack) await this.unload();
    await (await this.openStore()).remove(pack);
  }

  async verifyPack(pack: string, onProgress: OnProgress): Promise<void> {
    const store = await this.openStore();
    await verifyPack(store, pack, await openManifest(store, pack), onProgress);
  }

  async exportPack(pack: string, onPart: (part: ExportPart) => Promise<void>): Promise<void> {
    const { size, parts } = await exportPack(await this.openStore(), pack);
    for await (const bytes of parts) await onPart({ bytes, size });
  }

  async load(
    pack: string,
    onProgress: OnProgress,
    options: LoadOptions = {},
  ): Promise<LoadedModel> {
    await this.unload();
    const gpu = await this.openGpu();
    const store = await this.openStore();
    const model = await ChatModel.load({
      ...{ gpu, store, pack, onProgress, knowledge: browserKnowledge() },
      ...options,
    });
    this.model = model;
    this.run = options;
    return describe(model);
  }

  async setResidency(options: RunOptions): Promise<LoadedModel> {
    const { model } = this;
    if (!model) throw new NoModelError();
    await this.interrupt();
    await this.alone(() => model.setResidency(options));
    this.run = options;
    return describe(model);
  }

  async plan(model: string | ModelSource, request: PlanRequest = {}): Promise<ModelPlan> {
    const gpu = await this.openGpu();
    const store = await this.openStore();
    const about =
      typeof model === 'string'
        ? { model: await openManifest(store, model), pack: model }
        : { model: planLayout(planPack(await readModel(model))), pack: null };
    return this.alone(() => planModel({ gpu, store, ...about, ...browserKnowledge(), ...request }));
  }

  async chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    onEvent: (event: GenerationEvent) => unknown,
  ): Promise<GenerationResult> {
    const { model } = this;
    if (!model) throw new NoModelError();
    const events = new EventSender(onEvent);
    const { weights } = model.engine;
    return this.alone(async (signal) => {
      const reader = createAnswerReader(tokenizerOf(model.manifest), messages);
      const whole = { thinking: '', text: '' };
      const send = ({ thinking, answer }: ThinkingParts) => {
        whole.thinking += thinking;
        whole.text += answer;
        if (thinking !== '') events.send({ type: 'thinking', text: thinking });
        if (answer !== '') events.send({ type: 'text', text: answer });
      };
      weights.onResident = (part) => events.residence(() => residenceOf(model, part));
      try {
        const result = await model.answer(messages, options, {
          onText: (text) => send(reader.push(text)),
          onPrefill: (done, total) => events.send({ type: 'prefill', done, total }),
          signal,
        });
        send(reader.end());
        return { ...result, ...whole };
      } finally {
        weights.onResident = () => undefined;
        events.send({ type: 'residence', residence: residenceOf(model, null) });
        await events.drained();
      }
    });
  }

  async diagnose(
    onProgress: (progress: BenchProgress) => unknown,
    parts: readonly BenchPart[] = BENCH_PARTS,
  ): Promise<BenchReport> {
    const gpu = await this.openGpu();
    const store = await this.openStore();
    return this.alone(async (signal) => {
      let told: unknown;
      const follower: Follower = {
        onProgress: (progress) => {
          told = onProgress(progress);
        },
        signal,
      };
      const { model } = this;
      const rates = await benchRates(gpu);
      const report = {
        adapter: gpu.adapter,
        rates,
        ...(parts.includes('kernels') && { kernels: await benchKernels(gpu, rates, follower) }),
        ...(parts.includes('ring') && { ring: await benchRing(gpu, store, follower) }),
        ...(parts.includes('model') &&
          model && { model: await this.benchModel(gpu, rates, model, follower) }),
        ...(model && { memory: model.engine.ledger.readAll() }),
      };
      await told;
      return report;
    });
  }

  async stop(): Promise<void> {
    this.running?.abort.abort();
  }

  async deviceLost(): Promise<string> {
    const { lost } = await this.openGpu();
    return (await lost).message;
  }

  private benchModel(
    gpu: Gpu,
    rates: DeviceRates,
    model: ChatModel,
    follower: Follower,
  ): Promise<ModelReport> {
    const { manifest } = model;
    return benchChatModel(model, { gpu, manifest, rates, ...MODEL_RUNS }, this.run, follower);
  }

  /** Runs what needs the GPU for itself. @throws EngineBusyError */
  private async alone<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.running) throw new EngineBusyError();
    const abort = new AbortController();
    const result = action(abort.signal);
    this.running = { abort, ended: result.catch(() => undefined) };
    try {
      return await result;
    } finally {
      this.running = null;
    }
  }

  /** Ends the answer or the measurement at hand. */
  private async interrupt(): Promise<void> {
    this.running?.abort.abort();
    await this.running?.ended;
  }

  /** The same, and frees the model. */
  private async unload(): Promise<void> {
    const { model } = this;
    this.model = null;
    await this.interrupt();
    model?.destroy();
  }

  /** The device; a new one after it was lost, another try after it failed. */
  private openGpu(): Promise<Gpu> {
    if (!this.gpu) {
      const opening = openGpu(this.gpuEntry);
      const forget = () => {
        if (this.gpu === opening) this.gpu = null;
      };
      opening.then(({ lost }) => lost.then(forget), forget);
      this.gpu = opening;
    }
    return this.gpu;
  }

  private openStore(): Promise<WeightStore> {
    if (!this.store) {
      const opening = openBrowserStore();
      opening.catch(() => {
        this.store = null;
      });
      this.store = opening;
    }
    return this.store;
  }
}

function describe(model: ChatModel): LoadedModel {
  const { pack, manifest, engine, plan } = model;
  return {
    pack,
    name: manifest.name,
    config: manifest.config,
    residency: engine.residency,
    layerBytes: manifest.layers.map(({ bytes }) => bytes),
    embeddingBytes: manifest.embedding.bytes,
    headBytes: manifest.head.bytes,
    contextLength: engine.context_length,
    residence: residenceOf(model, null),
    plan,
  };
}

function residenceOf({ engine }: ChatModel, at: Part | null): Residence {
  const { bytes, peak } = engine.ledger.read('weights');
  return { at, weightBytes: bytes, peakWeightBytes: peak, bytesRead: engine.weights.bytes_read };
}
