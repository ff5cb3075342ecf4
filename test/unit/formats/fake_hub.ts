import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RangeServer } from './range_server.ts';

const ID = 'owner/model';
const PAGE = 2;

/**
 * A model hub: a paged list of files, small files from itself, and large ones from a second origin that it redirects
 * to. What the second origin does wrong is put in line at `RangeServer.misbehave`.
 */
export class FakeHub {
  readonly id = ID;
  endpoint = '';
  /** Requests without it are refused, if it is set. */
  token: string | null = null;
  /** Statuses of the hub's next answers. */
  readonly failures: { readonly status: number; readonly headers?: Record<string, string> }[] = [];
  /** Paths of the hub's requests. */
  readonly requests: string[] = [];
  /** Large files' own servers. */
  readonly storage = new Map<string, RangeServer>();
  /** SHA-256 of large files, as the hub tells them. */
  readonly sha256 = new Map<string, string>();
  /** Where the list's next page is, if not on the hub. */
  nextPage: string | null = null;
  private readonly small = new Map<string, Uint8Array>();
  private readonly addresses = new Map<string, string>();
  private readonly server = createServer((request, response) => this.answer(request, response));

  /** Files that end with `.gguf` or `.safetensors` are large. */
  static async start(files: Readonly<Record<string, Uint8Array | string>>): Promise<FakeHub> {
    const hub = new FakeHub();
    for (const [path, content] of Object.entries(files)) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      if (!/\.(gguf|safetensors)$/.test(path)) {
        hub.small.set(path, bytes);
        continue;
      }
      const storage = new RangeServer(bytes);
      hub.addresses.set(path, await storage.listen());
      hub.storage.set(path, storage);
      hub.sha256.set(path, createHash('sha256').update(bytes).digest('hex'));
    }
    await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve));
    hub.endpoint = `http://127.0.0.1:${(hub.server.address() as AddressInfo).port}`;
    return hub;
  }

  async close(): Promise<void> {
    await Promise.all([...this.storage.values()].map((storage) => storage.close()));
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.endpoint);
    this.requests.push(url.pathname + url.search);
    const failure = this.failures.shift();
    if (failure) {
      response.writeHead(failure.status, failure.headers).end('no');
    } else if (this.token && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end('no');
    } else if (url.pathname === `/api/models/${ID}/tree/main`) {
      this.list(url, response);
    } else {
      const path = decodeURIComponent(url.pathname.replace(`/${ID}/resolve/main/`, ''));
      this.resolve(path, response);
    }
  }

  private list(url: URL, response: ServerResponse): void {
    const files = [
      { type: 'directory', path: 'original', size: 0, oid: 'd0' },
      ...Array.from(this.small, ([path, { length: size }]) => ({
        ...{ type: 'file', path, size, oid: `git ${path}` },
      })),
      ...Array.from(this.storage, ([path, { bytes }]) => ({
        ...{ type: 'file', path, size: bytes.length, oid: 'pointer' },
        lfs: { oid: this.sha256.get(path), size: bytes.length, pointerSize: 134 },
      })),
    ];
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const next =
      this.nextPage ?? `${this.endpoint}${url.pathname}?recursive=1&cursor=${start + PAGE}`;
    const more = start + PAGE < files.length;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      ...(more && { Link: `<${next}>; rel="next"` }),
    });
    response.end(JSON.stringify(files.slice(start, start + PAGE)));
  }

  private resolve(path: string, response: ServerResponse): void {
    const small = this.small.get(path);
    const sha256 = this.sha256.get(path);
    if (small) {
      response.writeHead(200, { ETag: `"git ${path}"`, 'Content-Length': small.length }).end(small);
    } else if (sha256) {
      response
        .writeHead(302, {
          Location: this.addresses.get(path)!,
          'X-Linked-ETag': `"${sha256}"`,
          'X-Linked-Size': this.storage.get(path)!.bytes.length,
        })
        .end();
    } else {
      response.writeHead(404).end('no');
    }
  }
}

/** `fetch` that counts the bytes of the answers that it was asked to read. */
export function countingFetch(): { readonly fetch: typeof fetch; bytes: number } {
  const counted = {
    bytes: 0,
    fetch: async (...request: Parameters<typeof fetch>) => {
      const response = await fetch(...request);
      const count = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          counted.bytes += chunk.length;
          controller.enqueue(chunk);
        },
      });
      const { status, headers, body } = response;
      return new Response(body?.pipeThrough(count) ?? null, { status, headers });
    },
  };
  return counted;
}
