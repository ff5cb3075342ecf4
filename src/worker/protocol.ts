import type { BenchProgress } from '../bench/progress.ts';
import type { BenchReport } from '../bench/report.ts';
import type { Answer, RunOptions } from '../engine/chat_model.ts';
import type { GenerateOptions } from '../engine/generate.ts';
import type { ModelPlan } from '../engine/plan_model.ts';
import type { Part } from '../engine/weights_layout.ts';
import type { EncodedTypeName } from '../formats/block_types.ts';
import type { ChosenFiles } from '../formats/sources/file_folder.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { ModelConfig } from '../model/config.ts';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import type { Plan } from '../plan/planner.ts';
import type { Residency } from '../plan/residency.ts';
import type { ImportChoice } from '../store/import_choices.ts';
import type { PackSummary } from '../store/list_packs.ts';
import type { ImportProgress } from '../store/progress.ts';
import type { WeightStore } from '../store/weight_store.ts';

export type { BenchProgress } from '../bench/progress.ts';
export type { BenchReport } from '../bench/report.ts';
export type { AnswerStatistics, RunOptions } from '../engine/chat_model.ts';
export type { GenerateOptions, GenerationStatistics } from '../engine/generate.ts';
export type { EncodedTypeName } from '../formats/block_types.ts';
export type { ChosenFiles } from '../formats/sources/file_folder.ts';
export type { ImportChoice } from '../store/import_choices.ts';
export type { PackSummary } from '../store/list_packs.ts';
export type { ImportProgress } from '../store/progress.ts';

/** `text` is the answer alone. */
export interface GenerationResult extends Answer {
  /** What the model thought before it answered; empty when it does not think. */
  readonly thinking: string;
}

export const BENCH_PARTS = ['kernels', 'ring', 'model'] as const;
export type BenchPart = (typeof BENCH_PARTS)[number];

/** Where a model comes from. */
export type ModelSource =
  /** A whole address, or a repository of the hub: `owner/name[@revision][:file]`. The token goes to the hub alone. */
  | { readonly url: string; readonly token?: string | undefined }
  /** A checkpoint's files, or the one file that a pack was exported to. */
  | ChosenFiles;

/** Whether it is the one file that a pack was exported to. */
export function isExported({ files }: ChosenFiles): boolean {
  return files.length === 1 && /\.tar$/i.test(files[0]!.file.name);
}

/** What this browser and its GPU can do. */
export interface Environment {
  readonly adapter: AdapterDescription;
  readonly store: WeightStore['kind'];
  /** Bytes that can still be stored; null when the browser does not say. */
  readonly available: number | null;
}

export interface LoadOptions extends RunOptions {
  /** Tokens of context; the model's own limit unless given, `auto` plans for at most 4096. */
  readonly context_length?: number;
}

/** What the planner is asked. */
export type PlanRequest = Pick<LoadOptions, 'budget' | 'context_length'>;

export interface LoadedModel {
  readonly pack: string;
  readonly name: string;
  readonly config: ModelConfig;
  readonly residency: Residency;
  /** Bytes of each layer's file, first layer first. */
  readonly layerBytes: readonly number[];
  readonly embeddingBytes: number;
  readonly headBytes: number;
  /** Tokens of context that a conversation may use. */
  readonly contextLength: number;
  /** What is on the GPU before the first answer. */
  readonly residence: Residence;
  /** Memory and predicted speed, for a prompt of 512 tokens and an answer of 128; null: nothing has been measured. */
  readonly plan: Plan | null;
}

/** What the layer strip shows; sent at most 30 times a second. */
export interface Residence {
  /** The layer whose weights are on the GPU, or the part of the embedding or the head; null: idle. */
  readonly at: Part | null;
  /** Bytes of weights on the GPU. */
  readonly weightBytes: number;
  /** The most bytes of weights that were ever on the GPU at once since the model was loaded. */
  readonly peakWeightBytes: number;
  /** Bytes of weights read from disk since the model was loaded. */
  readonly bytesRead: number;
}

export type GenerationEvent =
  | { readonly type: 'prefill'; readonly done: number; readonly total: number }
  /** A piece of what the model thinks before it answers. */
  | { readonly type: 'thinking'; readonly text: string }
  /** A piece of the answer. */
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'residence'; readonly residence: Residence };

/** A part of the file that a pack is exported to. */
export interface ExportPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Everything the page may ask of the worker that owns the GPU and the weights. */
export interface LaminaApi {
  /** @throws WebGpuUnavailableError */
  environment(): Promise<Environment>;
  packs(): Promise<PackSummary[]>;
  /**
   * The ways in which a model can be imported, by its header: as it is, and quantized where it has matrices of plain
   * floats. None of the file that a pack was exported to. @throws ImportCancelledError once aborted
   */
  importChoices(source: ModelSource, signal?: AbortSignal): Promise<readonly ImportChoice[]>;
  /**
   * Imports, resumes or repairs a pack; resolves to its id.
   * @param quantize what matrices of plain floats become; without it each keeps its type
   * @throws ImportCancelledError once aborted: what was finished stays; ExportedAsItIsError
   */
  importModel(
    source: ModelSource,
    onProgress: (progress: ImportProgress) => void,
    quantize?: EncodedTypeName | null,
    signal?: AbortSignal,
  ): Promise<string>;
  removePack(pack: string): Promise<void>;
  /**
   * Compares every file of a pack with its SHA-256.
   * @throws PackCorruptedError naming the damaged layers, PackTaskCancelledError once aborted
   */
  verifyPack(
    pack: string,
    onProgress: (progress: ImportProgress) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Hands over a pack as one file, part by part; the next part comes when `onPart` has ended, and when it fails, this does.
   * `importModel` takes such a file.
   * @throws PackTaskCancelledError once aborted
   */
  exportPack(
    pack: string,
    onPart: (part: ExportPart) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Verifies every file of the pack and prepares the engine.
   * @throws PackCorruptedError naming the damaged layers; `importModel` of the same source mends exactly those.
   */
  load(
    pack: string,
    onProgress: (progress: ImportProgress) => void,
    options?: LoadOptions,
  ): Promise<LoadedModel>;
  /**
   * Has the loaded model run in another way from now on; the conversation goes on without being taken in again, an
   * answer that is running ends.
   * @throws NoModelError, BudgetTooSmallError: all is as it was before
   */
  setResidency(options: RunOptions): Promise<LoadedModel>;
  /**
   * How a model would best run here, after measuring what is not known yet: seconds at the first time. Of a model
   * that is not imported only the header is read.
   * @throws EngineBusyError while something else runs, BudgetTooSmallError, NoScratchSpaceError
   */
  plan(model: string | ModelSource, request?: PlanRequest): Promise<ModelPlan>;
  /** One answer to a conversation. Only one runs at a time, and none beside `diagnose`. */
  chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    onEvent: (event: GenerationEvent) => void,
  ): Promise<GenerationResult>;
  /**
   * Measures the device and, unless only some parts are wanted, every kernel, the staging ring, and the model that is
   * loaded: a minute or two, and up to a gigabyte on the GPU beside the model.
   * @throws BenchCancelledError after `stop()`, EngineBusyError
   */
  diagnose(
    onProgress: (progress: BenchProgress) => void,
    parts?: readonly BenchPart[],
  ): Promise<BenchReport>;
  /** Ends the running answer after its current token; `chat` resolves with what there is. */
  stop(): Promise<void>;
  /** Resolves with a DeviceLostError's message when the GPU device is gone. Never resolves otherwise. */
  deviceLost(): Promise<string>;
}
