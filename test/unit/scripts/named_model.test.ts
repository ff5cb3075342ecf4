import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ensureNamedModel } from '../../../scripts/named_model.js';
import { testFolder } from './folder.ts';

const MODEL = Buffer.from(`GGUF${'weights '.repeat(1000)}`);

async function file(content: Uint8Array | string): Promise<string> {
  const path = join(await testFolder(), 'model.gguf');
  await writeFile(path, content);
  return path;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a path is taken as it is', async () => {
  const path = await file(MODEL);
  expect(await ensureNamedModel(path, '/nowhere')).toBe(path);
  expect(await ensureNamedModel(pathToFileURL(path).href, '/nowhere')).toBe(path);
});

test('a URL is downloaded once', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests++;
    response.end(MODEL);
  });
  const folder = await testFolder();
  const path = await ensureNamedModel(`${url}/some/model.gguf?download=true`, folder);
  expect(path.endsWith('model.gguf')).toBe(true);
  expect((await readFile(path)).equals(MODEL)).toBe(true);
  expect(await ensureNamedModel(`${url}/some/model.gguf?download=true`, folder)).toBe(path);
  expect(requests).toBe(1);
  const other = await ensureNamedModel(`${url}/other/model.gguf`, folder);
  expect(other).not.toBe(path);
});

test.each<{ what: string; answer: RequestListener; said: string }>([
  {
    what: 'is not there',
    answer: (_, response) => response.writeHead(404).end(),
    said: 'the server answered 404',
  },
  {
    what: 'is a web page',
    answer: (_, response) => response.end('<!doctype html>'),
    said: 'is not a GGUF file',
  },
  {
    what: 'breaks off',
    answer: (_, response) => {
      response.writeHead(200, { 'Content-Length': MODEL.length });
      response.write(MODEL.subarray(0, 100), () => response.destroy());
    },
    said: 'could not be downloaded',
  },
])('a download that $what is an error, and leaves nothing', async ({ answer, said }) => {
  const url = await serve(answer);
  const folder = await testFolder();
  await expect(ensureNamedModel(`${url}/model.gguf`, folder)).rejects.toThrow(said);
  const left = await readdir(folder, { recursive: true });
  expect(left.filter((name) => name.endsWith('.gguf'))).toEqual([]);
  expect(left.filter((name) => name.startsWith('temporary'))).toEqual([]);
});

test('a server that is not there is an error that says what to do', async () => {
  const url = await serve((_, response) => response.end());
  const gone = url.replace(/:\d+$/, ':1');
  await expect(ensureNamedModel(`${gone}/model.gguf`, await testFolder())).rejects.toThrow(
    'Check the address and the network connection, or download the file in another way and set LAMINA_MODEL to its path.',
  );
});

test.each([
  ['/no/such/model.gguf', 'cannot be read'],
  ['ftp://example.org/model.gguf', 'is neither a path nor an address'],
  ['https://', 'is not a URL'],
])('LAMINA_MODEL=%s is an error', async (named, said) => {
  await expect(ensureNamedModel(named, '/nowhere')).rejects.toThrow(said);
});

test('a folder and a file of another kind are errors', async () => {
  await expect(ensureNamedModel(await testFolder(), '/nowhere')).rejects.toThrow('cannot be read');
  await expect(ensureNamedModel(await file('PK'), '/nowhere')).rejects.toThrow(
    'is not a GGUF file. Give the path or the URL of a .gguf file, or unset it for the default model.',
  );
});
