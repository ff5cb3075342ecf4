/**
 * Fields of a block: codes, their highest bits where they lie apart, signs, scales and minimums of a few values each,
 * and the scales of the scales.
 */
export type PlaneName = 'codes' | 'highs' | 'signs' | 'scales' | 'mins' | 'supers';

/** One plane of a block type: the same field of every block, block after block. */
export interface Plane {
  readonly name: PlaneName;
  readonly bytes_per_block: number;
}

/**
 * A stored block type: how a run of values becomes bytes in a checkpoint (blocks, one struct after
 * another) and in a pack (planes, one field after another). `shaders/quants/<name>.wgsl` is the GPU's side.
 */
export interface BlockType {
  readonly name: string;
  /** The type's number in GGUF (`enum ggml_type`). */
  readonly ggml_type: number;
  /** Values in a block. */
  readonly block_size: number;
  /** Bytes of a block in a checkpoint: the sum over the planes. */
  readonly block_bytes: number;
  readonly planes: readonly Plane[];
  /** Splits `count` blocks into planes: every bit to a place of its own; `planes[i]` receives `count * bytes_per_block` bytes. */
  split(blocks: Uint8Array, count: number, planes: readonly Uint8Array[]): void;
  /** The values of `count` blocks given as planes: `count * block_size` floats. */
  decode(planes: readonly Uint8Array[], count: number): Float32Array<ArrayBuffer>;
  /** The best blocks, as planes, for `count * block_size` finite values, of the types that an import makes. */
  encode?(values: Float32Array, count: number, planes: readonly Uint8Array[]): void;
}
