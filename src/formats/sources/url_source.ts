import type { ByteSource } from '../source.ts';
import { checkRange } from './check_range.ts';
import { RangeDownload, type Server } from './range_download.ts';
import type { RemoteFile } from './range_response.ts';
import { retry } from './retry.ts';

export interface UrlSourceOptions {
  readonly fetch?: typeof fetch | undefined;
  /** Ends the opening; every read has a signal of its own. */
  readonly signal?: AbortSignal | undefined;
  /** The pause before the second attempt, in milliseconds; it doubles from one to the next. */
  readonly pauseMs?: number | undefined;
  /** A connection that brings no byte for so many milliseconds counts as broken. */
  readonly stallMs?: number | undefined;
}

/** Not one byte: to some servers `bytes=0-0` is no range. */
const PROBE_BYTES = 4;

/**
 * A file on a server that answers `Range`: one small request now, one for every read. Reads go on after a broken
 * connection, and notice when the file has changed. The version is the ETag, else Last-Modified, else the size;
 * `If-Range` is not sent, as a browser would ask another origin for permission first.
 *
 * @throws RangeUnsupportedError, SourceNotFoundError, SourceHttpError, SourceNetworkError. Reads also throw
 * SourceModifiedError and SourceTruncatedError.
 */
export async function openUrlSource(
  url: string,
  { fetch: get, signal, pauseMs = 500, stallMs = 30_000 }: UrlSourceOptions = {},
): Promise<ByteSource> {
  const server: Server = { url, fetch: get ?? globalThis.fetch.bind(globalThis), stallMs };
  const download = new RangeDownload(server, 0, new Uint8Array(PROBE_BYTES), null);
  const file = await retry(() => download.attempt(signal), pauseMs, signal);
  return new UrlSource(server, file, pauseMs);
}

class UrlSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  private readonly server: Server;
  private readonly pauseMs: number;

  constructor(server: Server, { size, version }: RemoteFile, pauseMs: number) {
    this.name = server.url;
    this.size = size;
    this.version = version;
    this.server = server;
    this.pauseMs = pauseMs;
  }

  async read(offset: number, length: number, signal?: AbortSignal, into?: Uint8Array<ArrayBuffer>) {
    signal?.throwIfAborted();
    checkRange(this, offset, length);
    const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
    if (length === 0) return bytes;
    const download = new RangeDownload(this.server, offset, bytes, this);
    await retry(() => download.attempt(signal), this.pauseMs, signal);
    return bytes;
  }
}
