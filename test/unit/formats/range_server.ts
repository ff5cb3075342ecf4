import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request asks for, and what a good server says to it. */
export interface RangeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly first: number;
  readonly last: number;
}

export type Answer = (request: RangeRequest) => void;

/**
 * A file behind HTTP that answers single ranges as it should, except where a test has put a misbehaviour in line:
 * each takes one request.
 */
export class RangeServer {
  bytes: Uint8Array;
  headers: Record<string, string> = {
    ETag: '"v1"',
    'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
  };
  /** The Range header of every request so far. */
  readonly ranges: string[] = [];
  /** The Authorization header of every request so far. */
  readonly authorizations: (string | undefined)[] = [];
  /** Taken one after another, before the server behaves. */
  readonly misbehave: Answer[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/model.gguf`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The answer to a range as it should be. */
  readonly good: Answer = ({ response, first, last }) => {
    const size = this.bytes.length;
    if (first >= size) {
      response.writeHead(416, { ...this.headers, 'Content-Range': `bytes */${size}` }).end();
      return;
    }
    const part = this.bytes.subarray(first, last + 1);
    this.head(response, first, first + part.length - 1, part.length);
    response.end(part);
  };

  /** Status 206 and headers that say which part follows. */
  head(response: ServerResponse, first: number, last: number, length?: number): void {
    response.writeHead(206, {
      ...this.headers,
      'Content-Range': `bytes ${first}-${last}/${this.bytes.length}`,
      ...(length === undefined ? {} : { 'Content-Length': length }),
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { range = '', authorization } = request.headers;
    this.authorizations.push(authorization);
    this.ranges.push(range);
    const [first, last] = /^bytes=(\d+)-(\d+)$/.exec(range)!.slice(1).map(Number);
    const answer = this.misbehave.shift() ?? this.good;
    answer({ request, response, first: first!, last: last! });
  }
}
