import type { BlockTypeName } from '../formats/block_types.ts';
import { type PackTensor, PLANE_ALIGNMENT } from '../store/manifest.ts';

/** Some rows of a stored tensor. A vector counts as one row. */
export interface RowRange {
  readonly tensor: PackTensor;
  readonly first_row: number;
  readonly rows: number;
}

/** Bytes of a file that go to one place in a slot. */
export interface Segment {
  /** Bytes from the start of the file. */
  readonly at: number;
  readonly bytes: number;
  /** Bytes from the start of the chunk. */
  readonly offset: number;
}

/** Tensors of equal width, one under the other, that a kernel may take as one matrix. */
export interface Stack {
  readonly name: string;
  readonly ranges: readonly RowRange[];
}

/** Rows of a stack that one binding can hold: where each plane lies. */
export interface PlacedTile {
  readonly type: BlockTypeName;
  readonly first_row: number;
  readonly rows: number;
  readonly planes: readonly {
    readonly chunk: number;
    readonly offset: number;
    readonly bytes: number;
  }[];
}

export interface PlacedTensor {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly tiles: readonly PlacedTile[];
}

/** Where the parts of a file go in a slot: one list of segments for each chunk buffer, by rising offset. */
export interface Placement {
  readonly chunks: readonly { readonly bytes: number; readonly segments: readonly Segment[] }[];
  readonly tensors: readonly PlacedTensor[];
}

/** What the device allows. */
export interface PlacementLimits {
  /** `maxBufferSize` */
  readonly buffer_bytes: number;
  /** `maxStorageBufferBindingSize` */
  readonly binding_bytes: number;
}

/** Where a tensor is cut, a tile's first row is a multiple of this, so that its outputs start at an aligned offset. */
export const TILE_ROWS = 64;
/** No tile has more rows: a kernel that takes four rows a workgroup reaches `maxComputeWorkgroupsPerDimension`. */
const MOST_TILE_ROWS = 4 * 65_535;

export const rowsOf = (tensor: PackTensor): number =>
  tensor.shape.length > 1 ? tensor.shape[0]! : 1;
export const colsOf = (tensor: PackTensor): number => tensor.shape.at(-1)!;
const align = (bytes: number): number => Math.ceil(bytes / PLANE_ALIGNMENT) * PLANE_ALIGNMENT;

export const wholeTensor = (tensor: PackTensor): RowRange => ({
  tensor,
  first_row: 0,
  rows: rowsOf(tensor),
});

/** A stack of one. */
export const alone = (range: RowRange): Stack => ({ name: range.tensor.name, ranges: [range] });

/**
 * Lays stacks of tensors out in a slot, each plane aligned. Neighbours of one type in a stack share their planes, so
 * that they are one tile. A chunk never exceeds `buffer_bytes`; a tensor whose planes exceed a binding is split by rows.
 */
export function place(stacks: Iterable<Stack>, limits: PlacementLimits): Placement {
  const chunks: { bytes: number; segments: Segment[] }[] = [{ bytes: 0, segments: [] }];
  const tensors = Array.from(stacks, ({ name, ranges }): PlacedTensor => {
    let first_row = 0;
    const tiles = Array.from(tilesOf(ranges, limits), (parts): PlacedTile => {
      const { type, planes } = parts[0]!.tensor;
      const placed = planes.map((_, p) => placePlane(chunks, parts, p, limits));
      const rows = sumOf(parts, (part) => part.rows);
      const tile = { type, first_row, rows, planes: placed };
      first_row += rows;
      return tile;
    });
    return { name, rows: first_row, cols: colsOf(ranges[0]!.tensor), tiles };
  });
  return { chunks, tensors };
}

/** Gives plane `p` of some ranges, one after the other, a place of its own. */
function placePlane(
  chunks: { bytes: number; segments: Segment[] }[],
  parts: readonly RowRange[],
  p: number,
  limits: PlacementLimits,
): PlacedTile['planes'][number] {
  const bytes = sumOf(parts, (part) => planeBytes(part, p));
  let chunk = chunks.at(-1)!;
  if (chunk.bytes > 0 && chunk.bytes + bytes > limits.buffer_bytes) {
    chunk = { bytes: 0, segments: [] };
    chunks.push(chunk);
  }
  const offset = chunk.bytes;
  let to = offset;
  for (const part of parts) {
    const length = planeBytes(part, p);
    const stride = length / part.rows;
    const at = part.tensor.planes[p]!.offset + part.first_row * stride;
    addSegment(chunk.segments, { at, bytes: length, offset: to });
    to += length;
  }
  chunk.bytes = align(to);
  return { chunk: chunks.length - 1, offset, bytes };
}

const planeBytes = ({ tensor, rows }: RowRange, p: number): number =>
  (tensor.planes[p]!.bytes / rowsOf(tensor)) * rows;

/** Neighbours of one type that fit into a binding together are a tile; else each is cut into tiles of its own. */
function* tilesOf(
  ranges: readonly RowRange[],
  limits: PlacementLimits,
): Iterable<readonly RowRange[]> {
  for (let begin = 0; begin < ranges.length; ) {
    let end = begin + 1;
    while (ranges[end]?.tensor.type === ranges[begin]!.tensor.type) end++;
    const run = ranges.slice(begin, end);
    const widest = Math.max(
      ...run[0]!.tensor.planes.map((_, p) => sumOf(run, (part) => planeBytes(part, p))),
    );
    const fits = widest <= Math.min(limits.binding_bytes, limits.buffer_bytes);
    if (fits && sumOf(run, ({ rows }) => rows) <= MOST_TILE_ROWS) yield run;
    else for (const range of run) for (const part of split(range, limits)) yield [part];
    begin = end;
  }
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

/** Cuts a range into parts of which every plane fits into one binding. */
function* split(
  { tensor, first_row, rows }: RowRange,
  limits: PlacementLimits,
): Iterable<RowRange> {
  const limit = Math.min(limits.binding_bytes, limits.buffer_bytes);
  const widest = Math.max(...tensor.planes.map((plane) => plane.bytes / rowsOf(tensor)));
  const fitting = Math.min(Math.floor(limit / widest), MOST_TILE_ROWS);
  const most = rows <= fitting ? rows : Math.max(TILE_ROWS, fitting - (fitting % TILE_ROWS));
  for (let done = 0; done < rows; done += most) {
    yield { tensor, first_row: first_row + done, rows: Math.min(most, rows - done) };
  }
}

/** Appends a segment, or lengthens the last one over the padding if the file goes on just there. */
function addSegment(segments: Segment[], next: Segment): void {
  const last = segments.at(-1);
  if (last && next.at - last.at === next.offset - last.offset) {
    segments[segments.length - 1] = { ...last, bytes: next.at + next.bytes - last.at };
  } else {
    segments.push(next);
  }
}

/** Bytes that some rows of a tensor take in a slot, every plane aligned. */
export function bytesOfRows(tensor: PackTensor, rows: number): number {
  const stride = rowsOf(tensor);
  return tensor.planes.reduce((sum, plane) => sum + align((plane.bytes / stride) * rows), 0);
}

/** How many rows of a tensor fit into `bytes`: all of them, or a multiple of TILE_ROWS. */
export function rowsThatFit(tensor: PackTensor, bytes: number): number {
  const all = rowsOf(tensor);
  return bytesOfRows(tensor, all) <= bytes ? all : tileRowsThatFit(tensor, bytes);
}

/** The same for rows that are picked, some of them perhaps again and again: always a multiple of TILE_ROWS. */
export function tileRowsThatFit(tensor: PackTensor, bytes: number): number {
  return Math.max(1, Math.floor(bytes / bytesOfRows(tensor, TILE_ROWS))) * TILE_ROWS;
}
