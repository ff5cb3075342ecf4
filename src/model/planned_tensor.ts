import type { BlockTypeName } from '../formats/block_types.ts';
import type { TensorInfo } from '../formats/checkpoint.ts';

/** Values of a checkpoint's tensor that lie side by side. */
export interface ValueRange {
  readonly tensor: TensorInfo;
  readonly first: number;
  readonly count: number;
}

/** A tensor of a pack, and what it is made of. */
export interface PlannedTensor {
  /** Its name in the pack, GGUF's (`blk.0.attn_q.weight`). */
  readonly name: string;
  /** As it is stored: that of the checkpoint, but F32 for vectors. */
  readonly type: BlockTypeName;
  /** As it is stored: a row is filled up with zeros from `cols` on. */
  readonly shape: readonly number[];
  /** Values in a row. */
  readonly cols: number;
  /** One after the other, row after row. */
  readonly parts: readonly ValueRange[];
  /** Of the parts' rows each `step`-th from `first` on; all of them unless given. */
  readonly rows?: { readonly first: number; readonly step: number } | undefined;
  /** The only part is a matrix of `width` columns; the rows are `count` of these, each `step`-th from `first` on. */
  readonly columns: {
    readonly first: number;
    readonly step: number;
    readonly count: number;
    readonly width: number;
  } | null;
}

/** The checkpoint's tensor, where the pack's has its very bytes. */
export function wholeSource({
  type,
  shape,
  cols,
  parts,
  columns,
  rows,
}: PlannedTensor): TensorInfo | null {
  const [{ tensor, count }] = parts as [ValueRange];
  if (tensor.scales) return null;
  const same = tensor.type === type && shape.at(-1) === cols && !columns && !rows;
  return same && parts.length === 1 && valuesOf(tensor.shape) === count ? tensor : null;
}

export const valuesOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);
