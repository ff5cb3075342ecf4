import { SafetensorsHeaderError, SafetensorsTruncatedError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { parseHeader } from './parse_header.ts';
import { placeTensors, type StoredInfo } from './place_tensors.ts';

/** The header's length, a u64, comes before it. */
const LENGTH_BYTES = 8;
/** As in the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
/** Most headers are within it: then one read is enough. */
const FIRST_READ_BYTES = 64 * 2 ** 10;
const OPENING_BRACE = 0x7b;

/** What one safetensors file says about itself. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, StoredInfo>;
}

/**
 * The header of a safetensors file, every range inside the file and none over another; there may be holes.
 * @throws SafetensorsHeaderError, SafetensorsTruncatedError, TensorNameError, TensorDimsError, TensorTypeError,
 * TensorOffsetError; errors of the source as they are; the signal's reason when aborted.
 * @see https://github.com/huggingface/safetensors#format
 */
export async function readHeader(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<SafetensorsHeader> {
  signal?.throwIfAborted();
  const bytes = await readHeaderBytes(source, signal);
  const { metadata, tensors } = parseHeader(source.name, bytes);
  return { metadata, tensors: placeTensors(source, LENGTH_BYTES + bytes.length, tensors) };
}

async function readHeaderBytes(source: ByteSource, signal: AbortSignal | undefined) {
  const { name, size } = source;
  const need = (at: number, needed: number): void => {
    const left = size - at;
    if (needed > left) {
      throw new SafetensorsTruncatedError({ source: name, part: 'the header', needed, left });
    }
  };
  const fail = (reason: string): never => {
    throw new SafetensorsHeaderError({ source: name, reason });
  };
  need(0, LENGTH_BYTES);
  const first = await source.read(0, Math.min(size, FIRST_READ_BYTES), signal);
  const stored = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (stored > MAX_HEADER_BYTES) {
    fail(`would have ${stored} bytes, and at most ${MAX_HEADER_BYTES} are allowed`);
  }
  const length = Number(stored);
  need(LENGTH_BYTES, length);
  // A file of another kind shows here, before its "header" is read.
  if (length === 0 || first[LENGTH_BYTES] !== OPENING_BRACE) fail('does not begin with "{"');
  const end = LENGTH_BYTES + length;
  if (end <= first.length) return first.subarray(LENGTH_BYTES, end);
  const bytes = new Uint8Array(length);
  bytes.set(first.subarray(LENGTH_BYTES));
  bytes.set(
    await source.read(first.length, end - first.length, signal),
    first.length - LENGTH_BYTES,
  );
  return bytes;
}
