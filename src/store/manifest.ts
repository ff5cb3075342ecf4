import type { PlaneName } from '../formats/block_type.ts';
import type { BlockTypeName, EncodedTypeName } from '../formats/block_types.ts';
import type { ModelConfig } from '../model/config.ts';
import type { TokenizerData } from '../model/tokenizer_data.ts';

export const PACK_FORMAT = 'lamina-pack';
export const PACK_VERSION = 4;
export const MANIFEST_FILE = 'manifest.json';
/** Offsets of planes inside a file: what a storage-buffer binding needs (`minStorageBufferOffsetAlignment`). */
export const PLANE_ALIGNMENT = 256;
/**
 * Bytes that are hashed together. Pieces of 4 MiB are hashed a fifth faster than those of 8 (the copies that platforms
 * make stay nearer to the processor), and the hashes of 40 GB take 0.6 MB.
 */
export const PIECE_BYTES = 4 * 2 ** 20;

export interface PackPlane {
  readonly name: PlaneName;
  /** Bytes from the start of the file; a multiple of PLANE_ALIGNMENT. */
  readonly offset: number;
  /** Bytes, without the padding up to the next plane. */
  readonly bytes: number;
}

export interface PackTensor {
  /** GGUF's name for it (`blk.0.attn_q.weight`). */
  readonly name: string;
  readonly type: BlockTypeName;
  /** `[out_features, in_features]` for a matrix, `[n]` for a vector, as they are stored: see `TensorSpec`. */
  readonly shape: readonly number[];
  readonly planes: readonly PackPlane[];
}

/** How far each tensor that an import quantized is from the checkpoint's, by name: see `relativeError`. */
export type TensorErrors = Readonly<Record<string, number>>;

export interface PackFile {
  /** `embedding.bin`, `layer-000.bin` …, `head.bin`. */
  readonly name: string;
  /** Bytes, a multiple of PLANE_ALIGNMENT. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of every PIECE_BYTES of the file; the last piece may be shorter. */
  readonly pieces: readonly string[];
  /** Absent where the import quantized nothing. */
  readonly errors?: TensorErrors | undefined;
  readonly tensors: readonly PackTensor[];
}

/** What a pack was made from, and how. */
export interface PackSource {
  readonly name: string;
  readonly bytes: number;
  readonly version: string;
  /** What its matrices of plain floats were quantized to; absent where each tensor has the checkpoint's type. */
  readonly quantize?: EncodedTypeName | undefined;
}

/**
 * The pack's table of contents, written last: a pack without it is an import in progress and is never opened.
 */
export interface Manifest {
  readonly format: typeof PACK_FORMAT;
  readonly version: typeof PACK_VERSION;
  /** The name to show: `general.name`, else the source's file name. */
  readonly name: string;
  readonly source: PackSource;
  readonly config: ModelConfig;
  /** Null where the checkpoint had none. */
  readonly tokenizer: TokenizerData | null;
  readonly embedding: PackFile;
  readonly layers: readonly PackFile[];
  /** The final norm, and the output matrix unless it is tied to the embedding. */
  readonly head: PackFile;
}

/** How many pieces a file of so many bytes has. */
export function pieceCount(bytes: number): number {
  return Math.ceil(bytes / PIECE_BYTES);
}
