import type { Checkpoint, MetadataValue } from '../checkpoint.ts';
import { GgufAlignmentError, GgufMagicError, GgufVersionError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { HeaderCursor } from './header_cursor.ts';
import { ALIGNMENT_KEY, LEAST_ENTRY_BYTES, readMetadata } from './metadata.ts';
import { placeTensors } from './place_tensors.ts';
import { readTables } from './read_tables.ts';
import { LEAST_TENSOR_BYTES, readTensorInfos } from './tensor_infos.ts';

const MAGIC = 'GGUF';
const VERSIONS: readonly number[] = [2, 3];
const DEFAULT_ALIGNMENT = 32;

/**
 * The table of contents of a GGUF file, version 2 or 3, little-endian. Reads the header and little more, in pieces;
 * no count in the file is believed before the bytes that it counts are there.
 *
 * @throws GgufMagicError, GgufVersionError, GgufTruncatedError, GgufCountError, GgufHeaderSizeError, GgufKeyError,
 * GgufValueError, GgufAlignmentError, TensorNameError, TensorDimsError, TensorTypeError, TensorOffsetError; errors of
 * the source as they are; the signal's reason when aborted.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function readGguf(source: ByteSource, signal?: AbortSignal): Promise<Checkpoint> {
  signal?.throwIfAborted();
  const cursor = new HeaderCursor(source, signal);
  await readMagic(cursor);
  await cursor.fill(20);
  checkVersion(source, cursor.u32());
  const tensorCount = cursor.count('tensor count', LEAST_TENSOR_BYTES);
  const entryCount = cursor.count('key/value count', LEAST_ENTRY_BYTES);
  const metadata = await readMetadata(cursor, entryCount);
  const alignment = alignmentOf(source, metadata);
  const infos = await readTensorInfos(cursor, tensorCount);
  const tensors = placeTensors(source, cursor.at, alignment, infos);
  const tables = await readTables(source, tensors, signal);
  return { format: 'gguf', source, metadata, tensors, documents: {}, tables };
}

async function readMagic(cursor: HeaderCursor): Promise<void> {
  const { source } = cursor;
  const length = Math.min(MAGIC.length, source.size);
  await cursor.fill(length);
  const found = String.fromCharCode(...cursor.take(length));
  if (found !== MAGIC) {
    throw new GgufMagicError({ source: source.name, found: JSON.stringify(found) });
  }
}

function checkVersion(source: ByteSource, version: number): void {
  if (VERSIONS.includes(version)) return;
  // A small number in the upper bytes is one of the other byte order.
  const bigEndian = version !== 0 && (version & 0xffff) === 0;
  throw new GgufVersionError({
    source: source.name,
    version: bigEndian ? swapBytes(version) : version,
    bigEndian,
  });
}

function swapBytes(word: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word, true);
  return view.getUint32(0);
}

function alignmentOf(source: ByteSource, metadata: ReadonlyMap<string, MetadataValue>): number {
  const alignment = Number(metadata.get(ALIGNMENT_KEY) ?? DEFAULT_ALIGNMENT);
  const isPowerOfTwo = Number.isInteger(Math.log2(alignment));
  if (alignment < 8 || !isPowerOfTwo) {
    throw new GgufAlignmentError({ source: source.name, found: String(alignment) });
  }
  return alignment;
}
