import { chosenFiles } from '../../../src/formats/sources/file_folder.ts';
import { llamaConfig } from '../../../src/model/shapes.ts';
import type { ChatMessage } from '../../../src/model/tokenizer_data.ts';
import type { Plan } from '../../../src/plan/planner.ts';
import {
  ImportCancelledError,
  type PackCorruptedError,
  PackNotFoundError,
} from '../../../src/store/errors.ts';
import { PackTaskCancelledError } from '../../../src/worker/errors.ts';
import type {
  BenchPart,
  BenchProgress,
  BenchReport,
  ChosenFiles,
  EncodedTypeName,
  Environment,
  ExportPart,
  GenerateOptions,
  GenerationEvent,
  GenerationResult,
  ImportChoice,
  ImportProgress,
  LaminaApi,
  LoadedModel,
  LoadOptions,
  ModelSource,
  PackSummary,
  RunOptions,
} from '../../../src/worker/protocol.ts';
import { BENCH_PARTS } from '../../../src/worker/protocol.ts';

export const LAYERS = 30;
export const LAYER_BYTES = 2_215_936;
const EDGE_BYTES = 15_940_000;
export const PACK_BYTES = LAYERS * LAYER_BYTES + 2 * EDGE_BYTES;
export const PACK_ID = 'smollm2-135m-instruct.q4_1-1a2b3c4d';

/** A promise that the test settles. */
export interface Gate<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function gate<T>(): Gate<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export interface RunningImport {
  readonly source: ModelSource;
  readonly quantize: EncodedTypeName | null;
  progress(bytesDone: number, phase?: ImportProgress['phase']): void;
  readonly end: Gate<string>;
}

export interface RunningVerification {
  readonly pack: string;
  progress(bytesDone: number): void;
  readonly end: Gate<void>;
}

/** What a pack is exported as. */
export const EXPORTED = ['the pack, ', 'in two parts'].map((text) =>
  new TextEncoder().encode(text),
);

export interface RunningChat {
  readonly messages: readonly ChatMessage[];
  readonly options: GenerateOptions;
  emit(event: GenerationEvent): void;
  readonly end: Gate<GenerationResult>;
}

export interface RunningDiagnosis {
  readonly parts: readonly BenchPart[];
  progress(progress: BenchProgress): void;
  readonly end: Gate<BenchReport>;
}

/** A `LaminaApi` without an engine: tests read what was asked of it, and decide what comes back. */
export class ScriptedApi implements LaminaApi {
  environmentError: Error | null = null;
  available: number | null = 24_000_000_000;
  software = false;
  stored: PackSummary[] = [];
  /** Thrown by the next loads, first one first. */
  readonly loadErrors: (Error | PackCorruptedError)[] = [];
  /** The ways to import whatever is asked about, and who asked. */
  choices: readonly ImportChoice[] = [];
  readonly asked: ModelSource[] = [];
  /** Where it is set, the answer about them waits. */
  choosing: Gate<readonly ImportChoice[]> | null = null;
  readonly imports: RunningImport[] = [];
  readonly verifications: RunningVerification[] = [];
  /** Where it is set, an export waits after each part. */
  exporting: Gate<void> | null = null;
  readonly loads: string[] = [];
  readonly loadOptions: LoadOptions[] = [];
  loaded: LoadedModel | null = null;
  readonly residencies: RunOptions[] = [];
  /** Thrown by the next calls, first one first. */
  readonly residencyErrors: Error[] = [];
  readonly chats: RunningChat[] = [];
  stops = 0;
  /** What is predicted for the model; null: nothing has been measured. */
  predicted: Plan | null = null;
  readonly diagnoses: RunningDiagnosis[] = [];
  lost = gate<string>();

  async environment(): Promise<Environment> {
    if (this.environmentError) throw this.environmentError;
    return {
      adapter: {
        vendor: 'scripted',
        architecture: 'test',
        device: '',
        description: this.software ? 'SwiftShader Device' : 'Scripted GPU',
        software: this.software,
      },
      store: 'opfs',
      available: this.available,
    };
  }

  async packs(): Promise<PackSummary[]> {
    return this.stored;
  }

  async importChoices(source: ModelSource, signal?: AbortSignal): Promise<readonly ImportChoice[]> {
    this.asked.push(source);
    const choices = await (this.choosing?.promise ?? this.choices);
    if (signal?.aborted) throw new ImportCancelledError({ pack: null });
    return choices;
  }

  importModel(
    source: ModelSource,
    onProgress: (progress: ImportProgress) => void,
    quantize: EncodedTypeName | null = null,
    signal?: AbortSignal,
  ): Promise<string> {
    const end = gate<string>();
    const progress: RunningImport['progress'] = (bytesDone, phase = 'importing') =>
      onProgress(progressAt(bytesDone, phase));
    const cancel = () => end.reject(new ImportCancelledError({ pack: PACK_ID }));
    signal?.addEventListener('abort', cancel);
    this.imports.push({ source, quantize, progress, end });
    return end.promise;
  }

  async removePack(pack: string): Promise<void> {
    this.stored = this.stored.filter(({ id }) => id !== pack);
  }

  verifyPack(
    pack: string,
    onProgress: (progress: ImportProgress) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const end = gate<void>();
    const progress = (bytesDone: number) => onProgress(progressAt(bytesDone, 'verifying'));
    const cancel = () => end.reject(new PackTaskCancelledError({ pack, task: 'verification' }));
    signal?.addEventListener('abort', cancel);
    this.verifications.push({ pack, progress, end });
    return end.promise;
  }

  async exportPack(
    pack: string,
    onPart: (part: ExportPart) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!this.stored.some(({ id }) => id === pack)) throw new PackNotFoundError({ pack });
    const size = EXPORTED.reduce((sum, { length }) => sum + length, 0);
    for (const bytes of EXPORTED) {
      if (signal?.aborted) throw new PackTaskCancelledError({ pack, task: 'export' });
      await onPart({ bytes, size });
      await this.exporting?.promise;
    }
  }

  async load(
    pack: string,
    onProgress: (progress: ImportProgress) => void,
    options: LoadOptions = {},
  ): Promise<LoadedModel> {
    const { residency = 'strict' } = options;
    this.loads.push(pack);
    this.loadOptions.push(options);
    const error = this.loadErrors.shift();
    if (error) throw error;
    const found = this.stored.find(({ id }) => id === pack);
    if (!found) throw new PackNotFoundError({ pack });
    onProgress(progressAt(PACK_BYTES, 'verifying'));
    this.loaded = {
      ...loadedModel(pack, found.name),
      plan: this.predicted,
      residency: residency === 'auto' ? 'resident' : residency,
    };
    return this.loaded;
  }

  async setResidency(options: RunOptions): Promise<LoadedModel> {
    this.residencies.push(options);
    const error = this.residencyErrors.shift();
    if (error) throw error;
    const { residency = 'strict' } = options;
    this.loaded = {
      ...this.loaded!,
      plan: this.predicted,
      residency: residency === 'auto' ? 'resident' : residency,
    };
    return this.loaded;
  }

  /** It has no device that a plan could be for. */
  async plan(model: string | ModelSource): Promise<never> {
    throw new PackNotFoundError({ pack: String(model) });
  }

  chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    onEvent: (event: GenerationEvent) => void,
  ): Promise<GenerationResult> {
    const end = gate<GenerationResult>();
    this.chats.push({ messages, options, emit: onEvent, end });
    return end.promise;
  }

  diagnose(
    onProgress: (progress: BenchProgress) => void,
    parts: readonly BenchPart[] = BENCH_PARTS,
  ): Promise<BenchReport> {
    const end = gate<BenchReport>();
    this.diagnoses.push({ parts, progress: onProgress, end });
    return end.promise;
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }

  deviceLost(): Promise<string> {
    return this.lost.promise;
  }
}

/** A file that a person chose. */
export function chosen(name: string): ChosenFiles {
  return chosenFiles([new File(['x'], name)]);
}

export function completePack(id = PACK_ID, name = 'smollm2'): PackSummary {
  return { id, name, bytes: PACK_BYTES, complete: true, quantization: null };
}

export function resultOf(
  text: string,
  finish_reason: GenerationResult['finish_reason'] = 'stop',
  thinking = '',
): GenerationResult {
  return {
    text,
    thinking,
    token_ids: [],
    finish_reason,
    statistics: {
      prompt_tokens: 31,
      cached_tokens: 0,
      completion_tokens: 212,
      time_to_first_token_ms: 421,
      tokens_per_second: 13.08,
      prefill_tokens_per_second: 310,
      peak_weight_bytes: LAYER_BYTES,
      bytes_read: 212 * PACK_BYTES,
      largest_layer_bytes: LAYER_BYTES,
      adapter: 'Scripted GPU',
      predicted: { tokens_per_second: 13.5, time_to_first_token_ms: 400 },
    },
  };
}

function progressAt(bytesDone: number, phase: ImportProgress['phase']): ImportProgress {
  const files = LAYERS + 2;
  const filesDone = Math.floor((bytesDone / PACK_BYTES) * files);
  const file = `layer-${String(Math.min(filesDone, LAYERS - 1)).padStart(3, '0')}.bin`;
  return { phase, file, filesDone, files, bytesDone, bytes: PACK_BYTES };
}

function loadedModel(pack: string, name: string): LoadedModel {
  return {
    pack,
    name,
    config: llamaConfig({
      num_hidden_layers: LAYERS,
      hidden_size: 576,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      head_dim: 64,
      intermediate_size: 1536,
      vocab_size: 49_152,
      max_position_embeddings: 8192,
      rope_theta: 100_000,
      tie_word_embeddings: true,
    }),
    residency: 'strict',
    layerBytes: Array.from({ length: LAYERS }, () => LAYER_BYTES),
    embeddingBytes: EDGE_BYTES,
    headBytes: EDGE_BYTES,
    contextLength: 8192,
    residence: {
      at: null,
      weightBytes: LAYER_BYTES,
      peakWeightBytes: LAYER_BYTES,
      bytesRead: 0,
    },
    plan: null,
  };
}
