/**
 * A checkpoint's bytes wherever they are (URL with `Range`, File, folder, memory), read by range.
 * Nothing above this interface knows where the bytes come from, and nobody holds them whole.
 */
export interface ByteSource {
  /** What to call it in messages: a file name or a URL. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Changes whenever the content does (ETag, last-modified, size): a resumed import compares it. */
  readonly version: string;
  /** SHA-256 of all bytes in lower-case hex, where whoever keeps the file says it. */
  readonly sha256?: string | undefined;
  /**
   * Exactly `length` bytes from `offset`.
   * @param into Memory for them, long enough: a source that has no use for it gives other memory.
   * @throws SourceRangeError when the range is not inside the source, SourceReadError when reading fails,
   * the signal's reason when aborted.
   */
  read(
    offset: number,
    length: number,
    signal?: AbortSignal,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

/** Which file or which checkpoint it is. */
export type SourceIdentity = Pick<ByteSource, 'name' | 'size' | 'version'>;
