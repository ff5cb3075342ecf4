import { SourceModifiedError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { checkRange } from './check_range.ts';
import { Head } from './head.ts';
import { RangeDownload } from './range_download.ts';
import { checkSameFile, type RemoteFile } from './range_response.ts';
import { retry } from './retry.ts';
import type { Server } from './server.ts';

/** How to ask servers. */
export interface FetchOptions {
  readonly fetch?: typeof fetch | undefined;
  /** An access token, for the server that is asked and no other. */
  readonly token?: string | undefined;
  /** The pause before the second attempt, in milliseconds; it doubles from one to the next. */
  readonly pauseMs?: number | undefined;
  /** A connection that brings no byte for so many milliseconds counts as broken. */
  readonly stallMs?: number | undefined;
}

export interface UrlSourceOptions extends FetchOptions {
  /** Ends the opening; every read has a signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** Not one byte: to some servers `bytes=0-0` is no range. */
const PROBE_BYTES = 4;
export const PAUSE_MS = 500;
const STALL_MS = 30_000;

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
  { signal, ...options }: UrlSourceOptions = {},
): Promise<ByteSource> {
  const server = serverAt(url, options);
  const download = new RangeDownload(server, 0, new Uint8Array(PROBE_BYTES), null);
  const pauseMs = options.pauseMs ?? PAUSE_MS;
  const file = await retry(() => download.attempt(signal), pauseMs, signal);
  return new UrlSource(server, file, file, pauseMs);
}

/** A file that a server has told of already: nothing is asked before the first read. */
export function listedUrlSource(
  url: string,
  listed: RemoteFile & Pick<ByteSource, 'sha256'>,
  options: FetchOptions = {},
): ByteSource {
  return new UrlSource(serverAt(url, options), listed, null, options.pauseMs ?? PAUSE_MS);
}

export function serverAt(
  url: string,
  { fetch: get, token, stallMs = STALL_MS }: FetchOptions,
): Server {
  return { url, fetch: get ?? globalThis.fetch.bind(globalThis), token, stallMs };
}

class UrlSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  readonly sha256: string | undefined;
  private readonly server: Server;
  /** What every answer must be a part of; null before the first one. */
  private file: RemoteFile | null;
  private readonly pauseMs: number;
  private readonly head = new Head();

  constructor(
    server: Server,
    listed: RemoteFile & Pick<ByteSource, 'sha256'>,
    file: RemoteFile | null,
    pauseMs: number,
  ) {
    this.name = server.url;
    this.size = listed.size;
    this.version = listed.version;
    this.sha256 = listed.sha256;
    this.server = server;
    this.file = file;
    this.pauseMs = pauseMs;
  }

  async read(offset: number, length: number, signal?: AbortSignal, into?: Uint8Array<ArrayBuffer>) {
    signal?.throwIfAborted();
    checkRange(this, offset, length);
    const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
    const known = this.head.read(offset, bytes);
    if (known === length) return bytes;
    const [first, missing] = [offset + known, bytes.subarray(known)];
    const download = new RangeDownload(this.server, first, missing, this.file);
    const file = await retry(() => download.attempt(signal), this.pauseMs, signal);
    this.check(file);
    this.head.add(first, missing);
    return bytes;
  }

  /** Reads that were under way together before the first answer must be of one file as well. */
  private check(file: RemoteFile): void {
    const { name: source, size } = this;
    if (file.size !== size) {
      const [expected, actual] = [`${size} bytes`, `${file.size} bytes`];
      throw new SourceModifiedError({ source, expected, actual });
    }
    this.file ??= file;
    checkSameFile(source, this.file, file);
  }
}
