import type { ModelConfig } from '../model/config.ts';
import type { ChatMessage } from '../model/tokenizer_data.ts';

/** Where a model comes from. */
export type ModelSource = { readonly url: string } | { readonly file: File };

/** What this browser and its GPU can do. */
export interface Environment {
  /** `GPUAdapterInfo`, as far as the browser tells. */
  readonly adapter: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    /** The GPU is emulated on the CPU: correct, but slow. */
    readonly software: boolean;
  };
  readonly store: 'opfs' | 'indexeddb' | 'memory';
  /** Bytes that can still be stored; null when the browser does not say. */
  readonly available: number | null;
}

export interface PackSummary {
  readonly id: string;
  /** `general.name`, else the file's name; for an unfinished import, the pack's id. */
  readonly name: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** False: the import was interrupted; importing the same source again goes on from the verified files. */
  readonly complete: boolean;
}

export interface ImportProgress {
  readonly phase: 'header' | 'verifying' | 'importing';
  /** The file at hand: `layer-007.bin`. */
  readonly file: string;
  readonly filesDone: number;
  readonly files: number;
  /** Bytes of the pack that are on disk and verified. */
  readonly bytesDone: number;
  readonly bytes: number;
}

export type Residency = 'strict';

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
}

export interface SamplingOptions {
  /** 0: greedy. */
  readonly temperature: number;
  /** Keep the k likeliest tokens; 0: all. */
  readonly top_k: number;
  /** Keep the likeliest tokens whose probabilities sum to p; 1: all. */
  readonly top_p: number;
  /** Keep tokens at least min_p times as likely as the likeliest; 0: all. */
  readonly min_p: number;
  /** Divides the positive and multiplies the negative logits of tokens already in the context; 1: off. */
  readonly repetition_penalty: number;
  readonly seed: number;
}

export interface GenerateOptions extends Partial<SamplingOptions> {
  readonly max_tokens?: number;
}

/** What the layer strip shows; sent at most 30 times a second. */
export interface Residence {
  /** The layer whose weights are on the GPU, or the part of the embedding or the head; null: idle. */
  readonly at: number | 'embedding' | 'head' | null;
  /** Bytes of weights on the GPU. */
  readonly weightBytes: number;
  /** The most bytes of weights that were ever on the GPU at once since the model was loaded. */
  readonly peakWeightBytes: number;
  /** Bytes of weights read from disk since the model was loaded. */
  readonly bytesRead: number;
}

export type GenerationEvent =
  | { readonly type: 'prefill'; readonly done: number; readonly total: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'residence'; readonly residence: Residence };

export interface GenerationStatistics {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** Milliseconds from the call to the first generated token. */
  readonly time_to_first_token_ms: number;
  /** Generated tokens per second after the first. */
  readonly tokens_per_second: number;
  readonly prefill_tokens_per_second: number;
  readonly peak_weight_bytes: number;
  /** Bytes of weights read from disk for this answer. */
  readonly bytes_read: number;
  readonly largest_layer_bytes: number;
  readonly adapter: string;
}

export interface GenerationResult {
  readonly text: string;
  readonly token_ids: readonly number[];
  readonly finish_reason: 'stop' | 'length' | 'cancelled';
  readonly statistics: GenerationStatistics;
}

/** Everything the page may ask of the worker that owns the GPU and the weights. */
export interface LaminaApi {
  /** @throws WebGpuUnavailableError */
  environment(): Promise<Environment>;
  packs(): Promise<PackSummary[]>;
  /** Imports, resumes or repairs a pack; resolves to its id. `cancelImport()` rejects it with ImportCancelledError. */
  importModel(source: ModelSource, onProgress: (progress: ImportProgress) => void): Promise<string>;
  cancelImport(): Promise<void>;
  removePack(pack: string): Promise<void>;
  /**
   * Verifies every file of the pack and prepares the engine.
   * @throws PackCorruptedError naming the damaged layers; `importModel` of the same source mends exactly those.
   */
  load(pack: string, onProgress: (progress: ImportProgress) => void): Promise<LoadedModel>;
  /** One answer to a conversation. Only one runs at a time. */
  chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    onEvent: (event: GenerationEvent) => void,
  ): Promise<GenerationResult>;
  /** Ends the running answer after its current token; `chat` resolves with what there is. */
  stop(): Promise<void>;
  /** Resolves with a DeviceLostError's message when the GPU device is gone. Never resolves otherwise. */
  deviceLost(): Promise<string>;
}
