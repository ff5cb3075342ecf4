import { SourceHttpError } from '../errors.ts';
import { checkDocumentSize, type WholeFile } from '../folder.ts';
import { retryAfter, versionOf } from './range_response.ts';
import { request, type Server } from './server.ts';

/** What a server answered. */
export interface Answer {
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * All that a server answers at an address; null when it has nothing there.
 * @param most Bytes.
 * @throws SourceHttpError, SourceNetworkError, DocumentError when there are more bytes; the signal's reason when aborted.
 */
export function downloadAnswer(
  server: Server,
  most: number,
  signal?: AbortSignal,
): Promise<Answer | null> {
  return request(server, {}, signal, async (response, onAlive) => {
    const { url: source } = server;
    const { status, headers, body } = response;
    const reader = body?.getReader();
    try {
      if (status === 404 || status === 410) return null;
      if (status !== 200) {
        throw new SourceHttpError({ source, status, retryAfter: retryAfter(headers) });
      }
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      for (;;) {
        const { value } = (await reader?.read()) ?? {};
        if (!value) break;
        onAlive();
        size += value.length;
        checkDocumentSize(source, size, most);
        chunks.push(value);
      }
      return { headers, bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()) };
    } finally {
      // Whatever is still to come is not wanted; a broken stream has nothing to cancel.
      reader?.cancel().catch(() => undefined);
    }
  });
}

/** A small file on a server. Servers of single-page applications answer with a page where there is no file. */
export async function downloadWhole(
  server: Server,
  most: number,
  signal?: AbortSignal,
): Promise<WholeFile | null> {
  const answer = await downloadAnswer(server, most, signal);
  if (!answer || answer.headers.get('Content-Type')?.startsWith('text/html')) return null;
  const { headers, bytes } = answer;
  const { length: size } = bytes;
  return { name: server.url, size, version: versionOf(headers, size), bytes };
}
