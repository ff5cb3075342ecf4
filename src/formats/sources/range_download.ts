import { RangeUnsupportedError, SourceTruncatedError } from '../errors.ts';
import { readBody } from './body_reader.ts';
import { checkSameFile, describeFile, type RemoteFile } from './range_response.ts';
import { request, type Server } from './server.ts';

/** Bytes of a file on a server, fetched in one attempt or several: each goes on where the last one broke off. */
export class RangeDownload {
  private readonly server: Server;
  private readonly offset: number;
  private readonly into: Uint8Array;
  private opened: RemoteFile | null;
  private received = 0;

  /**
   * @param into Is filled with the bytes from `offset`, as far as the file goes.
   * @param opened The file that the bytes must come from; null: whichever is there.
   */
  constructor(server: Server, offset: number, into: Uint8Array, opened: RemoteFile | null) {
    this.server = server;
    this.offset = offset;
    this.into = into;
    this.opened = opened;
  }

  /**
   * One request for all that is missing.
   * @returns The file that the bytes come from.
   * @throws RangeUnsupportedError, SourceModifiedError, SourceNotFoundError, SourceHttpError, SourceNetworkError,
   * SourceTruncatedError; the signal's reason when aborted.
   */
  attempt(signal: AbortSignal | undefined): Promise<RemoteFile> {
    const headers = { Range: `bytes=${this.first}-${this.last}` };
    return request(this.server, headers, signal, (response, onAlive) =>
      this.receive(response, onAlive),
    );
  }

  private get first(): number {
    return this.offset + this.received;
  }

  private get last(): number {
    return this.offset + this.into.length - 1;
  }

  private async receive(response: Response, onAlive: () => void): Promise<RemoteFile> {
    const { url: source } = this.server;
    const { first, last } = this;
    const reader = response.body && readBody(response.body);
    try {
      const file = describeFile(source, response, first, last);
      this.opened ??= file;
      checkSameFile(source, this.opened, file);
      const expected = Math.min(last + 1, file.size) - first;
      const start = this.received;
      while (expected > 0) {
        const chunk = await reader?.read();
        if (!chunk) break;
        onAlive();
        this.append(chunk);
      }
      const received = this.received - start;
      if (received < expected) {
        throw new SourceTruncatedError({ source, offset: first, expected, received });
      }
      return file;
    } finally {
      // Whatever is still to come is not wanted; a broken stream has nothing to cancel.
      reader?.cancel().catch(() => undefined);
    }
  }

  private append(chunk: Uint8Array): void {
    if (chunk.length > this.into.length - this.received) {
      const reason = `it sent more than bytes ${this.offset}-${this.last}, which were asked for`;
      throw new RangeUnsupportedError({ source: this.server.url, reason });
    }
    this.into.set(chunk, this.received);
    this.received += chunk.length;
  }
}
