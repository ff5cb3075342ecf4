import { ChatModel } from '../engine/chat_model.ts';
import { EngineBusyError } from '../engine/errors.ts';
import type { GenerateOptions } from '../engine/generate.ts';
import { type ModelPlan, planModel } from '../engine/plan_model.ts';
import { type Gpu, openGpu } from '../gpu/device.ts';
import { planPack } from '../model/plan_pack.ts';
import type { ThinkingParts } from '../model/thinking.ts';
import { type ChatMessage, tokenizerOf } from '../model/tokenizer_data.ts';
import { listPacks } from '../store/list_packs.ts';
import { openManifest } from '../store/open_pack.ts';
import { planLayout } from '../store/pack_layout.ts';
import type { OnProgress } from '../store/progress.ts';
import { createAnswerReader } from './answer_reader.ts';
import { browserKnowledge } from './browser_knowledge.ts';
import { describeModel, residenceOf } from './describe_model.ts';
import { diagnose } from './diagnose.ts';
import { NoModelError } from './errors.ts';
import { EventSender } from './events.ts';
import { Library } from './library.ts';
import {
  BENCH_PARTS,
  type BenchPart,
  type BenchProgress,
  type BenchReport,
  type EncodedTypeName,
  type Environment,
  type ExportPart,
  type GenerationEvent,
  type GenerationResult,
  type ImportChoice,
  type LaminaApi,
  type LoadedModel,
  type LoadOptions,
  type ModelSource,
  type PackSummary,
  type PlanRequest,
  type RunOptions,
} from './protocol.ts';
import { readModel } from './read_model.ts';

/** The side of `LaminaApi` that owns the GPU device, the store and the model. One a worker. */
export class LaminaWorker implements LaminaApi {
  private readonly gpuEntry: GPU | undefined;
  private gpu: Promise<Gpu> | null = null;
  private readonly library = new Library();
  private model: ChatModel | null = null;
  /** How the model was asked to run. */
  private run: RunOptions = {};
  /** What the engine is busy with, an answer or a measurement: how to end it, and when it has ended. */
  private running: { readonly abort: AbortController; readonly ended: Promise<unknown> } | null =
    null;

  /** @param gpuEntry `navigator.gpu`, undefined where there is none */
  constructor(gpuEntry: GPU | undefined) {
    this.gpuEntry = gpuEntry;
  }

  async environment(): Promise<Environment> {
    const { adapter } = await this.openGpu();
    const store = await this.library.store();
    return { adapter, store: store.kind, available: await store.available() };
  }

  async packs(): Promise<PackSummary[]> {
    return listPacks(await this.library.store());
  }

  importChoices(source: ModelSource, signal?: AbortSignal): Promise<ImportChoice[]> {
    return this.library.choices(source, signal);
  }

  importModel(
    source: ModelSource,
    onProgress: OnProgress,
    quantize?: EncodedTypeName | null,
    signal?: AbortSignal,
  ): Promise<string> {
    const release = (pack: string) => this.release(pack);
    return this.library.import(source, { quantize, onProgress, release, signal });
  }

  async removePack(pack: string): Promise<void> {
    await this.release(pack);
    await (await this.library.store()).remove(pack);
  }

  verifyPack(pack: string, onProgress: OnProgress, signal?: AbortSignal): Promise<void> {
    return this.library.verify(pack, onProgress, signal);
  }

  exportPack(
    pack: string,
    onPart: (part: ExportPart) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.library.export(pack, onPart, signal);
  }

  async load(
    pack: string,
    onProgress: OnProgress,
    options: LoadOptions = {},
  ): Promise<LoadedModel> {
    await this.unload();
    const gpu = await this.openGpu();
    const store = await this.library.store();
    const model = await ChatModel.load({
      ...{ gpu, store, pack, onProgress, knowledge: browserKnowledge() },
      ...options,
    });
    this.model = model;
    this.run = options;
    return describeModel(model);
  }

  async setResidency(options: RunOptions): Promise<LoadedModel> {
    const { model } = this;
    if (!model) throw new NoModelError();
    await this.interrupt();
    await this.alone(() => model.setResidency(options));
    this.run = options;
    return describeModel(model);
  }

  async plan(model: string | ModelSource, request: PlanRequest = {}): Promise<ModelPlan> {
    const gpu = await this.openGpu();
    const store = await this.library.store();
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
    const store = await this.library.store();
    return this.alone((signal) => {
      const { model, run } = this;
      return diagnose({ gpu, store, model, run }, parts, onProgress, signal);
    });
  }

  async stop(): Promise<void> {
    this.running?.abort.abort();
  }

  async deviceLost(): Promise<string> {
    const { lost } = await this.openGpu();
    return (await lost).message;
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

  /** Frees the model if it is that of this pack. */
  private async release(pack: string): Promise<void> {
    if (pack === this.model?.pack) await this.unload();
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
}
