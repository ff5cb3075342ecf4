import {
  RangeUnsupportedError,
  SourceHttpError,
  SourceModifiedError,
  SourceNotFoundError,
} from '../errors.ts';

/** The whole file that a part belongs to. */
export interface RemoteFile {
  readonly size: number;
  /** As in `ByteSource.version`. */
  readonly version: string;
}

/**
 * The file that an answer to `Range: bytes=first-last` tells of.
 * @throws RangeUnsupportedError unless the answer is exactly that part, as far as the file goes, of a file of known size;
 * SourceNotFoundError, SourceHttpError for an error status.
 */
export function describeFile(
  source: string,
  response: Response,
  first: number,
  last: number,
): RemoteFile {
  const { status, headers } = response;
  const range = headers.get('Content-Range');
  const fail = (reason: string): never => {
    throw new RangeUnsupportedError({ source, reason });
  };
  if (status === 404 || status === 410) throw new SourceNotFoundError({ source });
  if (status === 200) fail('it answered with the whole file');
  // An empty file has no part; a file that has become shorter may not have this one.
  const end = status === 416 ? /^bytes \*\/(\d+)$/.exec(range ?? '')?.[1] : undefined;
  if (end !== undefined && Number(end) <= first) return fileOf(headers, Number(end));
  if (status !== 206) {
    throw new SourceHttpError({ source, status, retryAfter: retryAfter(headers) });
  }
  if (range === null) return fail('its answer has no Content-Range that this page may read');
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
  const size = Number(total);
  const isAsked = Number(from) === first && Number(to) === Math.min(last, size - 1);
  if (!isAsked || !Number.isSafeInteger(size)) {
    return fail(`asked for bytes ${first}-${last}, it answered with ${JSON.stringify(range)}`);
  }
  return fileOf(headers, size);
}

function fileOf(headers: Headers, size: number): RemoteFile {
  return { size, version: versionOf(headers, size) };
}

/** As in `ByteSource.version`. */
export function versionOf(headers: Headers, size: number): string {
  return headers.get('ETag') ?? headers.get('Last-Modified') ?? `${size} bytes`;
}

/** @throws SourceModifiedError when the file is no longer the one that was opened. */
export function checkSameFile(source: string, opened: RemoteFile, now: RemoteFile): void {
  if (now.version !== opened.version) {
    throw new SourceModifiedError({ source, expected: opened.version, actual: now.version });
  }
  if (now.size !== opened.size) {
    throw new SourceModifiedError({
      source,
      expected: `${opened.size} bytes`,
      actual: `${now.size} bytes`,
    });
  }
}

/** Seconds until the server wants to be asked again; null when it does not say. */
export function retryAfter(headers: Headers): number | null {
  const value = headers.get('Retry-After');
  if (value === null) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return seconds > 0 ? seconds : null;
}
