import { ChatModel } from '../engine/chat_model.ts';
import { EngineBusyError } from '../engine/errors.ts';
import type { GenerateOptions } from '../engine/generate.ts';
import type { Part } from '../engine/weights.ts';
import { openBlobSource } from '../formats/sources/blob_source.ts';
import { openUrlSource } from '../formats/sources/url_source.ts';
import { type Gpu, openGpu } from '../gpu/device.ts';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import { openBrowserStore } from '../store/choose_store.ts';
import { importPack } from '../store/importer.ts';
import { listPacks } from '../store/open_pack.ts';
import { packId } from '../store/pack_id.ts';
import type { OnProgress } from '../store/progress.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { NoModelError } from './errors.ts';
import { EventSender } from './events.ts';
import type {
  Environment,
  GenerationEvent,
  GenerationResult,
  LaminaApi,
  LoadedModel,
  LoadOptions,
  ModelSource,
  PackSummary,
  Residence,
} from './protocol.ts';

/** The side of `LaminaApi` that owns the GPU device, the store and the model. One a worker. */
export class LaminaWorker implements LaminaApi {
  private readonly gpuEntry: GPU | undefined;
  private gpu: Promise<Gpu> | null = null;
  private store: Promise<WeightStore> | null = null;
  private model: ChatModel | null = null;
  private importing: AbortController | null = null;
  /** The answer that is being written: how to end it, and when it has ended. */
  private answering: { readonly abort: AbortController; readonly ended: Promise<unknown> } | null =
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
      const bytes =
        'url' in source
          ? await openUrlSource(source.url, { signal })
          : openBlobSource(source.file, source.file.name);
      // Files that may have to be mended must not be open.
      if ((await packId(bytes)) === this.model?.pack) await this.unload();
      const store = await this.openStore();
      return await importPack({ source: bytes, store, onProgress, signal });
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

  async load(
    pack: string,
    onProgress: OnProgress,
    options: LoadOptions = {},
  ): Promise<LoadedModel> {
    await this.unload();
    const gpu = await this.openGpu();
    const store = await this.openStore();
    const model = await ChatModel.load({ gpu, store, pack, onProgress, ...options });
    this.model = model;
    const { manifest, engine } = model;
    return {
      pack,
      name: manifest.name,
      config: manifest.config,
      residency: options.residency ?? 'strict',
      layerBytes: manifest.layers.map(({ bytes }) => bytes),
      embeddingBytes: manifest.embedding.bytes,
      headBytes: manifest.head.bytes,
      contextLength: engine.context_length,
      residence: residenceOf(model, null),
    };
  }

  async chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    onEvent: (event: GenerationEvent) => unknown,
  ): Promise<GenerationResult> {
    const { model } = this;
    if (!model) throw new NoModelError();
    if (this.answering) throw new EngineBusyError();
    const abort = new AbortController();
    const events = new EventSender(onEvent);
    const { weights } = model.engine;
    weights.onResident = (part) => events.residence(() => residenceOf(model, part));
    const answer = model.answer(messages, options, {
      onText: (text) => events.send({ type: 'text', text }),
      onPrefill: (done, total) => events.send({ type: 'prefill', done, total }),
      signal: abort.signal,
    });
    this.answering = { abort, ended: answer.catch(() => undefined) };
    try {
      return await answer;
    } finally {
      this.answering = null;
      weights.onResident = () => undefined;
      events.send({ type: 'residence', residence: residenceOf(model, null) });
      await events.drained();
    }
  }

  async stop(): Promise<void> {
    this.answering?.abort.abort();
  }

  async deviceLost(): Promise<string> {
    const { lost } = await this.openGpu();
    return (await lost).message;
  }

  /** Ends the answer at hand and frees the model. */
  private async unload(): Promise<void> {
    const { model } = this;
    this.model = null;
    this.answering?.abort.abort();
    await this.answering?.ended;
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

function residenceOf({ engine }: ChatModel, at: Part | null): Residence {
  const { bytes, peak } = engine.ledger.read('weights');
  return { at, weightBytes: bytes, peakWeightBytes: peak, bytesRead: engine.weights.bytes_read };
}
