import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../../scripts/server/listen.js';
import { modelFiles } from '../../../scripts/server/model_files.js';
import { staticFiles } from '../../../scripts/server/static_files.js';
import { testFolder } from './folder.ts';

const MODEL = Buffer.from(`GGUF${'0123456789'.repeat(100_000)}`);

/** A built page and a model on another place, served as `npm start` does. */
async function serve(model = 'other model.gguf') {
  const root = await testFolder();
  await mkdir(join(root, 'dist', 'assets'), { recursive: true });
  await mkdir(join(root, 'models'));
  await writeFile(join(root, 'secret.txt'), 'for nobody');
  await writeFile(join(root, 'dist', 'index.html'), '<title>Lamina</title>');
  await writeFile(join(root, 'dist', 'assets', 'index.js'), 'export {};');
  await writeFile(join(root, 'dist', 'empty.txt'), '');
  await writeFile(join(root, 'models', 'kept.gguf'), 'GGUF kept');
  const path = join(root, model);
  await writeFile(path, MODEL);
  const handlers = [await modelFiles(path, join(root, 'models')), staticFiles(join(root, 'dist'))];
  const server = await listen(handlers, { port: 0 });
  onTestFinished(server.close);
  return { ...server, path };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request whose path goes out as it is written: `fetch` would put it in order first. */
async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers }, async (response) => {
      const { statusCode = 0, headers } = response;
      resolve({ status: statusCode, headers, body: await buffer(response) });
    })
      .on('error', reject)
      .end();
  });
}

test.each([
  ['/', 'text/html; charset=utf-8'],
  ['/index.html', 'text/html; charset=utf-8'],
  ['/?question=1#top', 'text/html; charset=utf-8'],
  ['/assets/index.js', 'text/javascript; charset=utf-8'],
  ['/models/kept.gguf', 'application/octet-stream'],
])('%s is served as %s', async (path, type) => {
  const { port } = await serve();
  const { status, headers } = await ask(port, path);
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type });
});

test.each(['/nothing.js', '/assets', '/assets/', '/models/', '/models/nothing.gguf', '/%', '/%00'])(
  '%s is not found',
  async (path) => {
    const { port } = await serve();
    expect((await ask(port, path)).status).toBe(404);
  },
);

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/../../secret.txt',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
  '//../secret.txt',
  '/models/../secret.txt',
  '/models/%2e%2e/secret.txt',
  '/models/%2e%2e%2fsecret.txt',
  '/models/..%2f..%2f..%2f..%2fetc%2fpasswd',
  '/models//etc/passwd',
])('%s does not leave the folder', async (path) => {
  const { port } = await serve();
  const { status, body } = await ask(port, path);
  expect(status).toBe(404);
  expect(body.toString()).not.toContain('for nobody');
});

test('a model is read whole, by ranges, and from its end', async () => {
  const { port } = await serve();
  const path = '/models/other%20model.gguf';
  const whole = await ask(port, path);
  expect(whole.status).toBe(200);
  expect(whole.headers).toMatchObject({
    'accept-ranges': 'bytes',
    'content-length': String(MODEL.length),
  });
  expect(whole.body.equals(MODEL)).toBe(true);

  const part = await ask(port, path, { headers: { Range: 'bytes=4-13' } });
  expect(part.status).toBe(206);
  expect(part.headers).toMatchObject({
    'content-length': '10',
    'content-range': `bytes 4-13/${MODEL.length}`,
  });
  expect(part.body.toString()).toBe('0123456789');

  const end = await ask(port, path, { headers: { Range: 'bytes=-3' } });
  expect(end.body.toString()).toBe('789');
  expect(end.headers['content-range']).toBe(
    `bytes ${MODEL.length - 3}-${MODEL.length - 1}/${MODEL.length}`,
  );
});

test('a range behind the end is answered with 416 and the size', async () => {
  const { port } = await serve();
  const headers = { Range: `bytes=${MODEL.length}-` };
  const answer = await ask(port, '/models/other%20model.gguf', { headers });
  expect(answer.status).toBe(416);
  expect(answer.headers['content-range']).toBe(`bytes */${MODEL.length}`);
  expect(answer.body.length).toBe(0);
});

test('the ETag stays as long as the file does, and changes with it', async () => {
  const { port, path } = await serve();
  const url = '/models/other%20model.gguf';
  const { etag = '' } = (await ask(port, url)).headers;
  expect(etag).toMatch(/^"[\w-]+"$/);
  expect((await ask(port, url)).headers.etag).toBe(etag);

  for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const { status, body } = await ask(port, url, { headers: { 'If-None-Match': tags } });
    expect({ tags, status, bytes: body.length }).toEqual({ tags, status: 304, bytes: 0 });
  }
  const Range = 'bytes=0-3';
  const same = await ask(port, url, { headers: { Range, 'If-Range': etag } });
  expect(same.status).toBe(206);

  await writeFile(path, MODEL);
  await utimes(path, new Date(), new Date(Date.now() + 5000));
  const other = await ask(port, url, { headers: { Range, 'If-Range': etag } });
  expect({ status: other.status, bytes: other.body.length }).toEqual({
    status: 200,
    bytes: MODEL.length,
  });
  expect(other.headers.etag).not.toBe(etag);
  expect((await ask(port, url, { headers: { 'If-None-Match': etag } })).status).toBe(200);
});

test('HEAD tells the size and sends nothing', async () => {
  const { port } = await serve();
  for (const path of ['/models/other%20model.gguf', '/models.json', '/']) {
    const { status, body } = await ask(port, path, { method: 'HEAD' });
    expect({ path, status, bytes: body.length }).toEqual({ path, status: 200, bytes: 0 });
  }
  const { headers } = await ask(port, '/models/other%20model.gguf', {
    method: 'HEAD',
    headers: { Range: 'bytes=0-3' },
  });
  expect(headers['content-length']).toBe(String(MODEL.length));
});

test('a page of another origin may read ranges, and see the version and the size', async () => {
  const { port } = await serve();
  const path = '/models/other%20model.gguf';
  const before = await ask(port, path, {
    method: 'OPTIONS',
    headers: { 'Access-Control-Request-Headers': 'range' },
  });
  expect(before.status).toBe(204);
  expect(before.headers['access-control-allow-headers']).toContain('Range');
  const { headers } = await ask(port, path, { headers: { Range: 'bytes=0-3' } });
  expect(headers['access-control-allow-origin']).toBe('*');
  for (const name of ['Accept-Ranges', 'Content-Length', 'Content-Range', 'ETag']) {
    expect(headers['access-control-expose-headers']).toContain(name);
  }
});

test('nothing can be written', async () => {
  const { port } = await serve();
  const { status, headers } = await ask(port, '/index.html', { method: 'PUT' });
  expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD, OPTIONS' });
});

test('an empty file is served', async () => {
  const { port } = await serve();
  const { status, headers } = await ask(port, '/empty.txt');
  expect({ status, bytes: headers['content-length'] }).toEqual({ status: 200, bytes: '0' });
});

test('a model that is not the default one comes first in the catalogue', async () => {
  const { url } = await serve();
  const { models } = await (await fetch(new URL('models.json', url))).json();
  expect(models[0]).toMatchObject({ name: 'other model', bytes: MODEL.length });
  expect(models[1].url).toBe('models/SmolLM2-135M-Instruct.Q4_1.gguf');
  const model = await fetch(new URL(models[0].url, url));
  expect((await model.arrayBuffer()).byteLength).toBe(models[0].bytes);
});

test('a reader that goes away in the middle does not stop the server', async () => {
  const { port } = await serve();
  await new Promise<void>((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/models/other%20model.gguf' });
    asking.on('response', (response) => {
      response.once('data', () => asking.destroy());
    });
    asking.on('error', () => undefined).on('close', resolve);
    asking.end();
  });
  expect((await ask(port, '/')).status).toBe(200);
});

const LOOPBACK = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address }) => address)
  .filter((address) => address === '127.0.0.1' || address === '::1');

test.each(LOOPBACK)('a port that is taken on %s is left to who has it', async (host) => {
  const taken = createServer((_, response) => response.end('mine')).listen(0, host);
  await new Promise((resolve) => taken.once('listening', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const server = await listen([], { port });
  onTestFinished(server.close);
  expect(server.port).toBeGreaterThan(port);
  expect(server.url).toBe(`http://localhost:${server.port}/`);
});

test('a host that this machine lacks is an error', async () => {
  await expect(listen([], { port: 0, host: '192.0.2.1' })).rejects.toThrow(
    '"192.0.2.1" is no address of this machine (EADDRNOTAVAIL).',
  );
});

test('when all ports above are taken it is said', async () => {
  const taken = createServer().listen(65_535, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  onTestFinished(() => void taken.close());
  await expect(listen([], { port: 65_535 })).rejects.toThrow('No port from 65535 on is free.');
});
