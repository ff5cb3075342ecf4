import type { BlockTypeName } from './block_types.ts';
import type { ByteSource } from './source.ts';

/** A metadata value of a checkpoint; 64-bit integers beyond 2^53 stay `bigint`. */
export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

/** Where a tensor lies in a checkpoint. */
export interface TensorInfo {
  readonly name: string;
  readonly type: BlockTypeName;
  /** Rows first: `[out_features, in_features]` for a matrix, `[n]` for a vector (GGUF stores the reverse). */
  readonly shape: readonly number[];
  /** Bytes from the start of the source. */
  readonly offset: number;
  readonly bytes: number;
}

/** A checkpoint's table of contents, checked against the size of its source before anyone uses it. */
export interface Checkpoint {
  readonly source: ByteSource;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}
