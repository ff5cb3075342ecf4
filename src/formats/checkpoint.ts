import type { BlockTypeName } from './block_types.ts';
import type { Documents } from './documents.ts';
import { sha256 } from './sha256.ts';
import type { ByteSource, SourceIdentity } from './source.ts';

/** A metadata value of a checkpoint; 64-bit integers beyond 2^53 stay `bigint`. */
export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

/** Where a tensor lies in a file. */
export interface PlacedTensor {
  readonly name: string;
  readonly type: BlockTypeName;
  /** Rows first: `[out_features, in_features]` for a matrix, `[n]` for a vector (GGUF stores the reverse). */
  readonly shape: readonly number[];
  /** Bytes from the start of its file. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where a tensor lies in a checkpoint. */
export interface TensorInfo extends PlacedTensor {
  /** The file that it lies in: a checkpoint may have several. */
  readonly source: ByteSource;
  /** Where an MXFP4 tensor's scales lie, if not in its blocks: then the blocks are codes alone, as `mxfp4Blocks` takes them. */
  readonly scales?: Pick<TensorInfo, 'source' | 'offset' | 'bytes'>;
}

/** A checkpoint's table of contents, checked against the sizes of its files before anyone uses it. */
export interface Checkpoint {
  readonly format: 'gguf' | 'safetensors';
  /** Its name, the bytes of all its files, and a version that changes with any of them. */
  readonly source: SourceIdentity;
  /** The key/values of a GGUF file; a safetensors file's `__metadata__`, texts only. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** By their names in the checkpoint. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What lies beside the weights: `config.json` and the tokenizer of a safetensors checkpoint. */
  readonly documents: Documents;
  /** Values of the few small tensors that belong to the hyper-parameters: a GGUF file's factors for RoPE. */
  readonly tables: ReadonlyMap<string, Float32Array>;
}

/** One file is its own identity; several are known by all their names, sizes and versions. */
export async function identityOf(
  name: string,
  files: readonly SourceIdentity[],
): Promise<SourceIdentity> {
  if (files.length === 1) return files[0]!;
  const parts = files.map(({ name, size, version }) => [name, size, version]);
  return {
    name,
    size: files.reduce((sum, { size }) => sum + size, 0),
    version: await sha256(new TextEncoder().encode(JSON.stringify(parts))),
  };
}
