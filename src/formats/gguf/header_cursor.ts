import {
  GgufCountError,
  GgufHeaderSizeError,
  type GgufSection,
  GgufTruncatedError,
} from '../errors.ts';
import type { ByteSource } from '../source.ts';

const FIRST_READ_BYTES = 64 * 2 ** 10;
const LARGEST_READ_BYTES = 4 * 2 ** 20;
/** All that comes before the tensor data; a vocabulary of a million tokens with its merges takes about 50 MB. */
const MAX_HEADER_BYTES = 128 * 2 ** 20;

/**
 * Reads the header of a GGUF file in growing pieces, each byte once. Reading a value is synchronous and needs its
 * bytes to be buffered: `if (!cursor.has(n)) await cursor.fill(n)`; a promise for each of a million tokens is slow.
 */
export class HeaderCursor {
  readonly source: ByteSource;
  /** Where a file that ends too early ends. */
  section: GgufSection = 'header';
  private readonly signal: AbortSignal | undefined;
  /** The end of all that may be read, in bytes from the start of the source. */
  private readonly end: number;
  private window = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  /** The next byte in the window. */
  private next = 0;
  /** The end of the window, in bytes from the start of the source. */
  private loaded = 0;
  private readBytes = FIRST_READ_BYTES;

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.source = source;
    this.signal = signal;
    this.end = Math.min(source.size, MAX_HEADER_BYTES);
  }

  /** Bytes from the start of the source to the next one. */
  get at(): number {
    return this.loaded - this.buffered;
  }

  /** Bytes that can be read without `fill`. */
  get buffered(): number {
    return this.window.length - this.next;
  }

  has(bytes: number): boolean {
    return bytes <= this.buffered;
  }

  /**
   * Buffers at least `bytes` bytes.
   * @throws GgufTruncatedError, GgufHeaderSizeError; what the source throws.
   */
  async fill(bytes: number): Promise<void> {
    if (this.has(bytes)) return;
    this.require(bytes);
    const rest = this.window.subarray(this.next);
    const wanted = Math.max(bytes - rest.length, this.readBytes);
    const length = Math.min(wanted, this.end - this.loaded);
    const read = await this.source.read(this.loaded, length, this.signal);
    this.window = new Uint8Array(rest.length + length);
    this.window.set(rest);
    this.window.set(read, rest.length);
    this.view = new DataView(this.window.buffer);
    this.next = 0;
    this.loaded += length;
    this.readBytes = Math.min(2 * this.readBytes, LARGEST_READ_BYTES);
  }

  /** Throws unless `bytes` bytes can follow; reads nothing. */
  require(bytes: number): void {
    const { source, section, at } = this;
    if (at + bytes <= this.end) return;
    if (this.end < source.size) {
      throw new GgufHeaderSizeError({ source: source.name, most: MAX_HEADER_BYTES });
    }
    const left = this.end - at;
    throw new GgufTruncatedError({ source: source.name, section, at, needed: bytes, left });
  }

  /** The next `bytes` buffered bytes, as a view that `fill` leaves behind. */
  take(bytes: number): Uint8Array {
    this.next += bytes;
    return this.window.subarray(this.next - bytes, this.next);
  }

  /** Calls `read` with the places of `count` values of `bytes` buffered bytes each. */
  takeEach(count: number, bytes: number, read: (view: DataView, offset: number) => void): void {
    for (let i = 0; i < count; i++, this.next += bytes) read(this.view, this.next);
  }

  u32(): number {
    this.next += 4;
    return this.view.getUint32(this.next - 4, true);
  }

  u64(): bigint {
    this.next += 8;
    return this.view.getBigUint64(this.next - 8, true);
  }

  /**
   * A u64 that counts things of at least `bytesEach` bytes in the header.
   * @throws GgufCountError when no header can hold so many. One that only this file is too short for shows where
   * the file ends.
   */
  count(field: string, bytesEach: number): number {
    const { view, next } = this;
    const count = view.getUint32(next, true) + view.getUint32(next + 4, true) * 2 ** 32;
    if (count * bytesEach > MAX_HEADER_BYTES) {
      throw new GgufCountError({
        source: this.source.name,
        field,
        at: this.at,
        count: String(view.getBigUint64(next, true)),
        most: Math.floor((this.end - this.at - 8) / bytesEach),
      });
    }
    this.next += 8;
    return count;
  }
}
