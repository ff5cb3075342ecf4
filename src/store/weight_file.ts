import type { BlockType } from '../formats/block_type.ts';
import { BLOCK_TYPES } from '../formats/block_types.ts';
import type { TensorInfo } from '../formats/checkpoint.ts';
import type { ByteSource } from '../formats/source.ts';
import type { PlannedFile } from './pack_layout.ts';
import { createSha256 } from './sha256.ts';
import type { FileWriter } from './weight_store.ts';

/** The most that is asked of a source at once. */
const READ_BYTES = 8 * 2 ** 20;

/**
 * Streams one file of a pack from its source: reads blocks, splits them into planes, writes and hashes these in
 * order. A tensor's codes are written as they come; its scales and minimums, at most a fifth of it, are held back
 * until its codes are done. So memory holds one read, those planes of one tensor, and what the hash gathers.
 *
 * @param onBytes Told of every written piece.
 * @returns SHA-256 of the file.
 */
export async function writeWeightFile(
  source: ByteSource,
  { layout, tensors }: PlannedFile,
  writer: FileWriter,
  onBytes: (written: number) => void,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createSha256(layout.bytes);
  let end = 0;
  const put = async (bytes: Uint8Array) => {
    signal?.throwIfAborted();
    hash.update(bytes);
    await writer.write(bytes);
    end += bytes.length;
    onBytes(bytes.length);
  };
  const padTo = (offset: number) => put(new Uint8Array(offset - end));

  const read = readerOf(source, tensors, signal);
  for (const [i, tensor] of tensors.entries()) {
    const [codes, ...later] = layout.tensors[i]!.planes;
    const held = later.map(({ bytes }) => new Uint8Array(bytes));
    await padTo(codes!.offset);
    for await (const piece of splitBlocks(tensor, read, held)) await put(piece);
    for (const [p, { offset }] of later.entries()) {
      await padTo(offset);
      await put(held[p]!);
    }
  }
  await padTo(layout.bytes);
  return hash.digest();
}

export type WriteWeights = typeof writeWeightFile;

type Read = (offset: number, length: number) => Promise<Uint8Array>;

/** Gives the first plane of a tensor piece by piece, and fills the others. */
async function* splitBlocks(
  tensor: TensorInfo,
  read: Read,
  others: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
  const type: BlockType = BLOCK_TYPES[tensor.type];
  const [first, ...rest] = type.planes;
  const blocks = tensor.bytes / type.block_bytes;
  const most = Math.floor(READ_BYTES / type.block_bytes);
  for (let done = 0; done < blocks; done += most) {
    const count = Math.min(most, blocks - done);
    const bytes = await read(tensor.offset + done * type.block_bytes, count * type.block_bytes);
    const piece = new Uint8Array(count * first!.bytes_per_block);
    const slices = rest.map(({ bytes_per_block: size }, p) =>
      others[p]!.subarray(done * size, (done + count) * size),
    );
    type.split(bytes, count, [piece, ...slices]);
    yield piece;
  }
}

/** Reads from the source; tensors that lie together in one read's length are fetched at once. */
function readerOf(source: ByteSource, tensors: readonly TensorInfo[], signal?: AbortSignal): Read {
  const start = Math.min(...tensors.map(({ offset }) => offset));
  const end = Math.max(...tensors.map(({ offset, bytes }) => offset + bytes));
  if (end - start > READ_BYTES) return (offset, length) => source.read(offset, length, signal);
  let together: Promise<Uint8Array> | undefined;
  return async (offset, length) => {
    together ??= source.read(start, end - start, signal);
    return (await together).subarray(offset - start, offset - start + length);
  };
}
