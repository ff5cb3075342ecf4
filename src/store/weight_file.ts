import type { BlockType } from '../formats/block_type.ts';
import { BLOCK_TYPES } from '../formats/block_types.ts';
import type { TensorInfo } from '../formats/checkpoint.ts';
import type { PlannedFile } from './pack_layout.ts';
import type { PieceWriter } from './piece_writer.ts';
import type { ByteRange } from './read_ahead.ts';

/** The most that is asked of a source at once. */
const READ_BYTES = 8 * 2 ** 20;
/** Less than this between tensors is alignment, or not worth a request of its own. */
const LEAST_GAP_BYTES = 4096;
/** Blocks that are split at a time: they and their planes stay in a processor's cache. */
const TILE_BYTES = 2 ** 16;

/**
 * What is read of a source for one file, in order: whole blocks of a tensor after another, or all tensors at once
 * where they lie together in one read's length.
 */
export function* rangesOf({ tensors }: PlannedFile): Generator<ByteRange> {
  const together = spanOf(tensors);
  if (together) {
    yield together;
    return;
  }
  for (const { type, source, offset, bytes } of tensors) {
    const { block_bytes } = BLOCK_TYPES[type];
    const most = READ_BYTES - (READ_BYTES % block_bytes);
    for (let done = 0; done < bytes; done += most) {
      yield { source, offset: offset + done, length: Math.min(most, bytes - done) };
    }
  }
}

/**
 * Fills one file of a pack with what was read for it: splits blocks into planes. A tensor's codes are written as
 * they come; its scales and minimums, at most a fifth of it, are held back until its codes are done.
 *
 * @param reads Bytes of each of `rangesOf(file)`; no more are taken.
 */
export async function writeWeightFile(
  { layout, tensors }: PlannedFile,
  reads: AsyncIterator<Uint8Array>,
  out: PieceWriter,
): Promise<void> {
  const next = blocksOf(tensors, reads);
  for (const [i, tensor] of tensors.entries()) {
    const [codes, ...later] = layout.tensors[i]!.planes;
    const held = later.map(({ bytes }) => new Uint8Array(bytes));
    await out.padTo(codes!.offset);
    await splitTensor(tensor, next, held, out);
    for (const [p, { offset }] of later.entries()) {
      await out.padTo(offset);
      await out.put(held[p]!);
    }
  }
  await out.padTo(layout.bytes);
}

export type WriteWeights = typeof writeWeightFile;

/** Gives the next blocks of a tensor, of which `done` bytes have been given. */
type NextBlocks = (tensor: TensorInfo, done: number) => Promise<Uint8Array>;

/** Puts the first plane of a tensor into the file, and fills the others. */
async function splitTensor(
  tensor: TensorInfo,
  next: NextBlocks,
  others: readonly Uint8Array[],
  out: PieceWriter,
): Promise<void> {
  const type: BlockType = BLOCK_TYPES[tensor.type];
  const { block_bytes } = type;
  const [first, ...rest] = type.planes;
  const most = Math.floor(TILE_BYTES / block_bytes);
  const tile = new Uint8Array(most * first!.bytes_per_block);
  for (let done = 0; done < tensor.bytes; ) {
    const blocks = await next(tensor, done);
    for (let at = 0; at < blocks.length; at += most * block_bytes) {
      const part = blocks.subarray(at, at + most * block_bytes);
      const count = part.length / block_bytes;
      const start = (done + at) / block_bytes;
      const codes = tile.subarray(0, count * first!.bytes_per_block);
      const slices = rest.map(({ bytes_per_block: size }, p) =>
        others[p]!.subarray(start * size, (start + count) * size),
      );
      type.split(part, count, [codes, ...slices]);
      await out.put(codes);
    }
    done += blocks.length;
  }
}

function blocksOf(tensors: readonly TensorInfo[], reads: AsyncIterator<Uint8Array>): NextBlocks {
  const together = spanOf(tensors);
  if (!together) return async () => (await reads.next()).value;
  let read: Promise<IteratorResult<Uint8Array>> | undefined;
  return async ({ offset, bytes }) => {
    read ??= reads.next();
    const start = offset - together.offset;
    return (await read).value.subarray(start, start + bytes);
  };
}

/** The part of a source that holds all tensors, if it is short enough for one read and holds little else. */
function spanOf(tensors: readonly TensorInfo[]): ByteRange | null {
  const { source } = tensors[0]!;
  if (tensors.some((tensor) => tensor.source !== source)) return null;
  const offset = Math.min(...tensors.map((tensor) => tensor.offset));
  const length = Math.max(...tensors.map((tensor) => tensor.offset + tensor.bytes)) - offset;
  const wanted = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const isDense = length - wanted <= Math.max(length / 64, LEAST_GAP_BYTES);
  return length <= READ_BYTES && isDense ? { source, offset, length } : null;
}
