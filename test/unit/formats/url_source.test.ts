import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  RangeUnsupportedError,
  SourceHttpError,
  SourceModifiedError,
  SourceNetworkError,
  SourceNotFoundError,
  SourceRangeError,
  SourceTruncatedError,
} from '../../../src/formats/errors.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openUrlSource } from '../../../src/formats/sources/url_source.ts';
import { golden } from '../store/golden.ts';
import { type Answer, RangeServer } from './range_server.ts';

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) ^ (i >> 8));
/** Quick enough for a test; five attempts pause 15 ms together. */
const QUICK = { pauseMs: 1, stallMs: 2000 };

let server: RangeServer;
let url: string;
beforeEach(async () => {
  server = new RangeServer(BYTES);
  url = await server.listen();
});
afterEach(() => server.close());

const open = () => openUrlSource(url, QUICK);

/** Opens, then lets the next requests go wrong. */
async function openThen(...answers: Answer[]) {
  const source = await open();
  server.ranges.length = 0;
  server.misbehave.push(...answers);
  return source;
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  ({ response }) => {
    response.writeHead(code, headers).end('no');
  };

/** Promises the whole part, sends some bytes of it, and hangs up. */
const drop =
  (after: number): Answer =>
  ({ response, first, last }) => {
    server.head(response, first, last, last - first + 1);
    response.write(BYTES.subarray(first, first + after), () => response.destroy());
  };

/** Says that it sends the part, and sends other bytes than that many. */
const send =
  (length: number): Answer =>
  ({ response, first, last }) => {
    server.head(response, first, last);
    response.end(new Uint8Array(length));
  };

const hangUp: Answer = ({ request }) => request.socket.destroy();

function repeat(count: number, answer: Answer): Answer[] {
  return Array.from({ length: count }, () => answer);
}

describe('opening a URL', () => {
  test('asks for four bytes, and learns size and ETag', async () => {
    const { name, size, version } = await open();
    expect({ name, size, version }).toEqual({ name: url, size: 300_000, version: '"v1"' });
    expect(server.ranges).toEqual(['bytes=0-3']);
  });

  test('takes Last-Modified as version where there is no ETag, else the size', async () => {
    server.headers = { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' };
    expect((await open()).version).toBe('Mon, 01 Jan 2024 00:00:00 GMT');
    server.headers = {};
    expect((await open()).version).toBe('300000 bytes');
  });

  test('takes a file that is shorter than that', async () => {
    server.bytes = BYTES.subarray(0, 2);
    const source = await open();
    expect(source.size).toBe(2);
    expect(await source.read(0, 2)).toEqual(BYTES.subarray(0, 2));
  });

  test('finds an empty file to be empty', async () => {
    server.bytes = new Uint8Array(0);
    const source = await open();
    expect(source.size).toBe(0);
    expect(await source.read(0, 0)).toEqual(new Uint8Array(0));
  });

  test.each([404, 410])('says that there is no file at status %i', async (code) => {
    server.misbehave.push(status(code));
    await expect(open()).rejects.toThrow(SourceNotFoundError);
    expect(server.ranges.length).toBe(1);
  });

  test.each([401, 403, 416])('fails at once with status %i', async (code) => {
    server.misbehave.push(status(code));
    const error = await open().catch((e) => e);
    expect(error).toBeInstanceOf(SourceHttpError);
    expect(error.details.status).toBe(code);
    expect(server.ranges.length).toBe(1);
  });

  test('does not believe status 416 for a part that is in the file', async () => {
    server.misbehave.push(status(416, { 'Content-Range': 'bytes */300000' }));
    await expect(open()).rejects.toThrow(SourceHttpError);
  });

  test('does not read on when the server answers with the whole file', async () => {
    let closed: Promise<unknown> | undefined;
    server.misbehave.push(({ response }) => {
      closed = once(response, 'close');
      // The file never ends: only hanging up ends the answer.
      response.writeHead(200, { 'Content-Length': 2 ** 40 });
      response.write(BYTES);
    });
    await expect(open()).rejects.toThrow(RangeUnsupportedError);
    await closed;
    expect(server.ranges.length).toBe(1);
  });

  test.each([
    ['no Content-Range', {}],
    ['a file of unknown size', { 'Content-Range': 'bytes 0-3/*' }],
    ['another unit', { 'Content-Range': 'items 0-3/10' }],
    ['another part', { 'Content-Range': 'bytes 1-4/300000' }],
    ['a larger part', { 'Content-Range': 'bytes 0-4/300000' }],
    ['a smaller part', { 'Content-Range': 'bytes 0-2/300000' }],
    ['a part that is not in the file', { 'Content-Range': 'bytes 0-3/3' }],
    ['a size beyond 2^53', { 'Content-Range': 'bytes 0-3/9007199254740993' }],
  ])('does not accept an answer with %s', async (_, headers: Record<string, string>) => {
    server.misbehave.push(status(206, headers));
    await expect(open()).rejects.toThrow(RangeUnsupportedError);
    expect(server.ranges.length).toBe(1);
  });

  test('says why it cannot reach a server, after five attempts', async () => {
    server.misbehave.push(...repeat(9, hangUp));
    const error = await open().catch((e) => e);
    expect(error).toBeInstanceOf(SourceNetworkError);
    expect(error.message).toMatch(/other side closed|socket hang up|ECONNRESET/);
    expect(server.ranges.length).toBe(5);
  });

  test('uses the fetch that it is given', async () => {
    const asked: unknown[] = [];
    const source = await openUrlSource(url, {
      ...QUICK,
      fetch: (input, init) => {
        asked.push(input);
        return fetch(input, init);
      },
    });
    await source.read(5, 5);
    expect(asked).toEqual([url, url]);
  });

  test('ends with the reason of its signal', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    server.misbehave.push(() => abort.abort(reason));
    const opening = openUrlSource(url, { ...QUICK, signal: abort.signal });
    await expect(opening).rejects.toBe(reason);
    expect(server.ranges.length).toBe(1);
  });
});

describe('reading a URL', () => {
  test('gives exactly the bytes that were asked for, in one request each', async () => {
    const source = await openThen();
    expect(await source.read(1000, 100_000)).toEqual(BYTES.subarray(1000, 101_000));
    expect(await source.read(299_999, 1)).toEqual(BYTES.subarray(299_999));
    expect(server.ranges).toEqual(['bytes=1000-100999', 'bytes=299999-299999']);
  });

  test('of nothing asks nothing', async () => {
    const source = await openThen();
    expect(await source.read(300_000, 0)).toEqual(new Uint8Array(0));
    expect(server.ranges).toEqual([]);
  });

  test.each([
    [299_999, 2],
    [-1, 5],
    [0.5, 5],
    [0, -1],
    [0, Number.NaN],
    [2 ** 60, 1],
  ])('at %d for %d bytes is refused without a request', async (offset, length) => {
    const source = await openThen();
    await expect(source.read(offset, length)).rejects.toThrow(SourceRangeError);
    expect(server.ranges).toEqual([]);
  });

  test('goes on after a dropped connection from the byte that it has', async () => {
    const source = await openThen(drop(40_000), drop(0), drop(10_000));
    expect(await source.read(100, 200_000)).toEqual(BYTES.subarray(100, 200_100));
    expect(server.ranges).toEqual([
      'bytes=100-200099',
      'bytes=40100-200099',
      'bytes=40100-200099',
      'bytes=50100-200099',
    ]);
  });

  test('gives up after five dropped connections', async () => {
    const source = await openThen(...repeat(9, drop(10)));
    await expect(source.read(0, 1000)).rejects.toThrow(SourceNetworkError);
    expect(server.ranges.length).toBe(5);
  });

  test.each([429, 500, 502, 503, 504])('tries again after status %i', async (code) => {
    const source = await openThen(status(code), status(code));
    expect(await source.read(7, 9)).toEqual(BYTES.subarray(7, 16));
    expect(server.ranges.length).toBe(3);
  });

  test.each([429, 503])('fails with status %i after five attempts', async (code) => {
    const source = await openThen(...repeat(9, status(code)));
    const error = await source.read(7, 9).catch((e) => e);
    expect(error).toBeInstanceOf(SourceHttpError);
    expect(error.details).toEqual({ source: url, status: code, retryAfter: null });
    expect(server.ranges.length).toBe(5);
  });

  test('waits as long as the server wants', async () => {
    const source = await openThen(status(429, { 'Retry-After': '1' }));
    const start = performance.now();
    await source.read(7, 9);
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
  });

  test.each(['3600', new Date(Date.now() + 3_600_000).toUTCString()])(
    'does not wait an hour when Retry-After is %j',
    async (value) => {
      const source = await openThen(status(429, { 'Retry-After': value }));
      const error = await source.read(7, 9).catch((e) => e);
      expect(error).toBeInstanceOf(SourceHttpError);
      expect(error.details.retryAfter).toBeGreaterThan(3500);
      expect(server.ranges.length).toBe(1);
    },
  );

  test('counts a connection that brings nothing more as dropped', async () => {
    const source = await openUrlSource(url, { pauseMs: 1, stallMs: 100 });
    server.misbehave.push(({ response, first, last }) => {
      server.head(response, first, last);
      response.write(BYTES.subarray(first, first + 10));
    });
    expect(await source.read(0, 1000)).toEqual(BYTES.subarray(0, 1000));
    expect(server.ranges.slice(1)).toEqual(['bytes=0-999', 'bytes=10-999']);
  });

  test('does not count a slow connection as dropped', async () => {
    const source = await openUrlSource(url, { pauseMs: 1, stallMs: 300 });
    server.misbehave.push(async ({ response, first, last }) => {
      server.head(response, first, last);
      for (let at = first; at <= last; at += 10) {
        response.write(BYTES.subarray(at, Math.min(at + 10, last + 1)));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      response.end();
    });
    expect(await source.read(0, 100)).toEqual(BYTES.subarray(0, 100));
    expect(server.ranges.length).toBe(2);
  });

  test('fails when the server always sends less than it says', async () => {
    const source = await openThen(...repeat(9, send(0)));
    const error = await source.read(50, 1000).catch((e) => e);
    expect(error).toBeInstanceOf(SourceTruncatedError);
    expect(error.details).toEqual({ source: url, offset: 50, expected: 1000, received: 0 });
    expect(server.ranges.length).toBe(5);
  });

  test('fails at once when the server sends more than it says', async () => {
    const source = await openThen(send(1001));
    await expect(source.read(50, 1000)).rejects.toThrow(RangeUnsupportedError);
    expect(server.ranges.length).toBe(1);
  });

  test('fails at once when the server sends another part', async () => {
    const source = await openThen(({ response }) => {
      server.head(response, 60, 1059);
      response.end(BYTES.subarray(60, 1060));
    });
    await expect(source.read(50, 1000)).rejects.toThrow(RangeUnsupportedError);
    expect(server.ranges.length).toBe(1);
  });

  test('notices another ETag', async () => {
    const source = await openThen();
    server.headers = { ETag: '"v2"' };
    const error = await source.read(0, 10).catch((e) => e);
    expect(error).toBeInstanceOf(SourceModifiedError);
    expect(error.details).toEqual({ source: url, expected: '"v1"', actual: '"v2"' });
    expect(server.ranges.length).toBe(1);
  });

  test('notices another ETag after a dropped connection', async () => {
    const source = await openThen(drop(100), (request) => {
      server.headers = { ETag: '"v2"' };
      server.good(request);
    });
    await expect(source.read(0, 1000)).rejects.toThrow(SourceModifiedError);
  });

  test('notices another size, also where the ETag is the same or the part is gone in part or whole', async () => {
    const source = await openThen();
    server.bytes = BYTES.subarray(0, 1000);
    for (const offset of [0, 995, 2000]) {
      const error = await source.read(offset, 10).catch((e) => e);
      expect(error).toBeInstanceOf(SourceModifiedError);
      expect(error.details).toMatchObject({ expected: '300000 bytes', actual: '1000 bytes' });
    }
  });

  test('notices that the file has gone', async () => {
    const source = await openThen(status(404));
    await expect(source.read(0, 10)).rejects.toThrow(SourceNotFoundError);
  });

  test('ends with the reason of its signal in the middle of an answer', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    let closed: Promise<unknown> | undefined;
    const source = await openThen(({ response, first, last }) => {
      closed = once(response, 'close');
      server.head(response, first, last);
      response.write(BYTES.subarray(first, first + 10), () => abort.abort(reason));
    });
    await expect(source.read(0, 1000, abort.signal)).rejects.toBe(reason);
    await closed;
    expect(server.ranges.length).toBe(1);
  });

  test('ends with the reason of its signal in a pause', async () => {
    const source = await openUrlSource(url, { pauseMs: 20_000 });
    const abort = new AbortController();
    const reason = new Error('enough');
    server.misbehave.push(({ response }) => {
      response.writeHead(503).end();
      setTimeout(() => abort.abort(reason), 100);
    });
    await expect(source.read(0, 10, abort.signal)).rejects.toBe(reason);
  });

  test('whose signal is aborted already asks nothing', async () => {
    const source = await openThen();
    const reason = new Error('no');
    await expect(source.read(0, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.ranges).toEqual([]);
  });
});

test('a GGUF file behind a URL reads as the one on disk, in one request more than the opening', async () => {
  server.bytes = await golden('gguf/llama-q4_1.gguf');
  const { tensors } = await readGguf(await open());
  expect(tensors.get('blk.0.attn_q.weight')).toMatchObject({ type: 'Q4_1', shape: [256, 256] });
  expect(server.ranges).toEqual(['bytes=0-3', 'bytes=0-65535']);
});
