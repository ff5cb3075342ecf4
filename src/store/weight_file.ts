import type { BlockType } from '../formats/block_type.ts';
import { BLOCK_TYPES } from '../formats/block_types.ts';
import type { TensorInfo } from '../formats/checkpoint.ts';
import { mxfp4Blocks } from '../formats/safetensors/join_mxfp4.ts';
import { type PlannedTensor, type ValueRange, wholeSource } from '../model/planned_tensor.ts';
import { arrange } from './arrange_rows.ts';
import type { TensorErrors } from './manifest.ts';
import type { PlannedFile } from './pack_layout.ts';
import type { PieceWriter } from './piece_writer.ts';
import { isQuantized, quantizeTensor } from './quantize_tensor.ts';
import type { ByteRange } from './read_ahead.ts';

/**
 * The most that is asked of a source at once. Chromium answers requests for one address one after the other, each with
 * some 30 ms before its first byte: by 8 MiB a server beside it brought 190 MB/s, however many were under way, by 32
 * MiB 450. Disks of browsers take 150 to 190, and two reads are in memory at a time.
 */
export const READ_BYTES = 16 * 2 ** 20;
/** Less than this between tensors is alignment, or not worth a request of its own. */
const LEAST_GAP_BYTES = 4096;
/** Blocks that are split at a time: they and their planes stay in a processor's cache. */
const TILE_BYTES = 2 ** 16;

/**
 * What is read of a checkpoint for one file, in order: whole blocks of a tensor after another, or all tensors at once
 * where they lie together in one read's length.
 */
export function* rangesOf({ tensors }: PlannedFile): Generator<ByteRange> {
  const parts = partsOf(tensors);
  const together = spanOf(parts);
  if (together) {
    yield together;
    return;
  }
  for (const { block_bytes, source, offset, bytes } of parts) {
    const most = READ_BYTES - (READ_BYTES % block_bytes);
    for (let done = 0; done < bytes; done += most) {
      yield { source, offset: offset + done, length: Math.min(most, bytes - done) };
    }
  }
}

/**
 * Fills one file of a pack with what was read for it: splits blocks into planes. A tensor's codes are written as
 * they come; its scales and minimums, at most a fifth of it, are held back until its codes are done.
 * Tensors that get another type are quantized on the way.
 *
 * @param reads Bytes of each of `rangesOf(file)`; no more are taken.
 * @returns The relative error of each tensor that was quantized.
 */
export async function writeWeightFile(
  { layout, tensors }: PlannedFile,
  reads: AsyncIterator<Uint8Array>,
  out: PieceWriter,
): Promise<TensorErrors> {
  const errors: Record<string, number> = {};
  const next = blocksOf(partsOf(tensors), reads);
  let kept: Uint8Array[] = [];
  for (const [i, tensor] of tensors.entries()) {
    const [codes, ...later] = layout.tensors[i]!.planes;
    const held = later.map(({ bytes }) => new Uint8Array(bytes));
    await out.padTo(codes!.offset);
    const again = isAgain(tensors, i);
    if (!again) kept = [];
    const read = again ? given(kept) : readParts(tensor, next);
    const blocks = !again && isAgain(tensors, i + 1) ? keeping(read, kept) : read;
    if (isQuantized(tensor)) {
      errors[tensor.name] = await quantizeTensor(tensor, blocks, held, out);
    } else {
      const stored = wholeSource(tensor) ? blocks : arrange(tensor, blocks);
      await splitTensor(tensor.type, stored, held, out);
    }
    for (const [p, { offset }] of later.entries()) {
      await out.padTo(offset);
      await out.put(held[p]!);
    }
  }
  await out.padTo(layout.bytes);
  return errors;
}

export type WriteWeights = typeof writeWeightFile;

/** Blocks of a checkpoint's tensor that lie side by side. */
type PartBytes = Pick<TensorInfo, 'source' | 'offset' | 'bytes'> & { readonly block_bytes: number };

/** Gives the next blocks of a part, of which `done` bytes have been given. */
type NextBlocks = (part: PartBytes, done: number) => Promise<Uint8Array>;

const partsOf = (tensors: readonly PlannedTensor[]): PartBytes[] =>
  tensors.flatMap(({ parts }, i) => (isAgain(tensors, i) ? [] : parts.flatMap(bytesOf)));

/** Whether a tensor is made of the same bytes as the one before it: of other rows or columns. They are read once. */
function isAgain(tensors: readonly PlannedTensor[], i: number): boolean {
  const [before, own] = [tensors[i - 1]?.parts, tensors[i]?.parts];
  const same = (a: ValueRange, b: ValueRange | undefined) =>
    a.tensor === b?.tensor && a.first === b.first && a.count === b.count;
  return (
    own?.length === before?.length && own?.every((part, p) => same(part, before?.[p])) === true
  );
}

/** Blocks that are kept for the next tensor, too. */
async function* keeping(
  blocks: AsyncIterable<Uint8Array>,
  kept: Uint8Array[],
): AsyncGenerator<Uint8Array> {
  for await (const some of blocks) {
    kept.push(some.slice());
    yield some;
  }
}

async function* given(kept: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* kept;
}

/** One part; where scales lie apart, these first. */
function bytesOf({ tensor, first, count }: ValueRange): PartBytes[] {
  const { block_size, block_bytes } = BLOCK_TYPES[tensor.type];
  const [from, blocks] = [first / block_size, count / block_size];
  const part = (place: Pick<TensorInfo, 'source' | 'offset'>, block_bytes: number): PartBytes => ({
    block_bytes,
    source: place.source,
    offset: place.offset + from * block_bytes,
    bytes: blocks * block_bytes,
  });
  const { scales } = tensor;
  return scales ? [part(scales, 1), part(tensor, block_bytes - 1)] : [part(tensor, block_bytes)];
}

async function* readParts({ parts }: PlannedTensor, next: NextBlocks): AsyncGenerator<Uint8Array> {
  for (const range of parts) {
    const [first, codes] = bytesOf(range);
    if (codes) yield* joined(first!, codes, next);
    else yield* blocksOfPart(first!, next);
  }
}

async function* blocksOfPart(part: PartBytes, next: NextBlocks): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < part.bytes; ) {
    const blocks = await next(part, done);
    yield blocks;
    done += blocks.length;
  }
}

/** MXFP4 blocks whose scales lie apart: these are a sixteenth of the codes, and held. */
async function* joined(
  scales: PartBytes,
  codes: PartBytes,
  next: NextBlocks,
): AsyncGenerator<Uint8Array> {
  const held = new Uint8Array(scales.bytes);
  let at = 0;
  for await (const some of blocksOfPart(scales, next)) {
    held.set(some, at);
    at += some.length;
  }
  at = 0;
  for await (const some of blocksOfPart(codes, next)) {
    const count = some.length / codes.block_bytes;
    yield mxfp4Blocks(some, held.subarray(at, at + count));
    at += count;
  }
}

/** Puts the first plane of a tensor into the file, and fills the others. */
async function splitTensor(
  name: TensorInfo['type'],
  blocks: AsyncIterable<Uint8Array>,
  others: readonly Uint8Array[],
  out: PieceWriter,
): Promise<void> {
  const type: BlockType = BLOCK_TYPES[name];
  const { block_bytes } = type;
  const [first, ...rest] = type.planes;
  const most = Math.floor(TILE_BYTES / block_bytes);
  const tile = new Uint8Array(most * first!.bytes_per_block);
  let start = 0;
  for await (const some of blocks) {
    for (let at = 0; at < some.length; at += most * block_bytes) {
      const part = some.subarray(at, at + most * block_bytes);
      const count = part.length / block_bytes;
      const codes = tile.subarray(0, count * first!.bytes_per_block);
      const slices = rest.map(({ bytes_per_block: size }, p) =>
        others[p]!.subarray(start * size, (start + count) * size),
      );
      type.split(part, count, [codes, ...slices]);
      await out.put(codes);
      start += count;
    }
  }
}

function blocksOf(parts: readonly PartBytes[], reads: AsyncIterator<Uint8Array>): NextBlocks {
  const together = spanOf(parts);
  if (!together) return async () => (await reads.next()).value;
  let read: Promise<IteratorResult<Uint8Array>> | undefined;
  return async ({ offset, bytes }) => {
    read ??= reads.next();
    const start = offset - together.offset;
    return (await read).value.subarray(start, start + bytes);
  };
}

/** The part of a source that holds all of them, if it is short enough for one read and holds little else. */
function spanOf(parts: readonly PartBytes[]): ByteRange | null {
  const { source } = parts[0]!;
  if (parts.some((part) => part.source !== source)) return null;
  const offset = Math.min(...parts.map((part) => part.offset));
  const length = Math.max(...parts.map((part) => part.offset + part.bytes)) - offset;
  const wanted = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const isDense = length - wanted <= Math.max(length / 64, LEAST_GAP_BYTES);
  return length <= READ_BYTES && isDense ? { source, offset, length } : null;
}
