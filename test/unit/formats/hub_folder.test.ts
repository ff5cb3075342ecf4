import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CheckpointNotFoundError,
  HubListingError,
  SourceHttpError,
  SourceModifiedError,
  SourceNotFoundError,
} from '../../../src/formats/errors.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { locateRemote } from '../../../src/formats/sources/remote_model.ts';
import { golden } from '../store/golden.ts';
import { FakeHub } from './fake_hub.ts';

const SHARDS = ['1', '2', '3', '4'].map((n) => `model-0000${n}-of-00004.safetensors`);
const PATHS = ['config.json', 'model.safetensors.index.json', ...SHARDS];
const FILES = Object.fromEntries(
  await Promise.all(PATHS.map(async (path) => [path, await golden(`arch/mistral_swa/${path}`)])),
);
const TOKEN = 'secret';

let hub: FakeHub;
beforeEach(async () => {
  hub = await FakeHub.start(FILES);
});
afterEach(() => hub.close());

function open(name = hub.id, token?: string) {
  const { folder, path } = locateRemote(name, { endpoint: hub.endpoint, token, pauseMs: 1 })!;
  return { folder, path, read: () => readCheckpoint(folder, path) };
}

test('a repository is a checkpoint by its name: all pages of its list, all shards, its documents', async () => {
  const { source, tensors, documents } = await open().read();
  expect(new Set([...tensors.values()].map((tensor) => tensor.source)).size).toBe(SHARDS.length);
  expect(documents.config?.get('model_type').string()).toBe('mistral');
  expect(source.name).toBe(hub.id);
  expect(hub.requests.filter((path) => path.includes('/tree/')).length).toBe(4);
  expect(hub.requests.some((path) => path.endsWith('tokenizer.json'))).toBe(false);
});

test('a file of a repository is opened by name, and knows its SHA-256 without a request', async () => {
  const { folder, path } = open(`${hub.id}@main:${SHARDS[0]}`);
  const source = await folder.open(path!);
  expect(source).toMatchObject({
    size: FILES[SHARDS[0]!]!.length,
    sha256: hub.sha256.get(SHARDS[0]!),
    version: hub.sha256.get(SHARDS[0]!),
  });
  expect(hub.storage.get(SHARDS[0]!)!.ranges).toEqual([]);
  expect(await source.read(100, 50)).toEqual(FILES[SHARDS[0]!]!.subarray(100, 150));
});

test('the access token goes to the hub, and to no server that it redirects to', async () => {
  hub.token = TOKEN;
  await expect(open().read()).rejects.toThrow(SourceHttpError);
  await expect(open().read()).rejects.toThrow('access token');
  const { tensors } = await open(hub.id, TOKEN).read();
  expect(tensors.size).toBeGreaterThan(0);
  const seen = [...hub.storage.values()].flatMap(({ authorizations }) => authorizations);
  expect(seen.length).toBeGreaterThanOrEqual(SHARDS.length);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('a list that goes on at another server is refused, with or without a token', async () => {
  const other = hub.storage.get(SHARDS[0]!)!;
  hub.nextPage = 'http://127.0.0.1:9/list';
  await expect(open(hub.id, TOKEN).read()).rejects.toThrow(HubListingError);
  expect(other.ranges).toEqual([]);
});

test('no token goes to an address that is not the hub’s', async () => {
  hub.token = TOKEN;
  const { folder } = locateRemote(`${hub.endpoint}/${hub.id}/resolve/main/`, {
    endpoint: 'https://hub.example',
    token: TOKEN,
    pauseMs: 1,
  })!;
  await expect(readCheckpoint(folder)).rejects.toThrow(SourceHttpError);
});

test('an endpoint that is no address is refused', async () => {
  const { folder } = locateRemote(hub.id, { endpoint: 'hub', pauseMs: 1 })!;
  await expect(readCheckpoint(folder)).rejects.toThrow(HubListingError);
});

test.each(['{}', '[{"type":"file"}]', '<html>', '[{"type":"file","path":"a","size":-1}]'])(
  'a list that is %s is refused',
  async (list) => {
    const answered = async () => new Response(list);
    const { folder } = locateRemote(hub.id, { fetch: answered, pauseMs: 1 })!;
    await expect(readCheckpoint(folder)).rejects.toThrow(HubListingError);
  },
);

test('is asked again after 429 and 5xx', async () => {
  hub.failures.push({ status: 429, headers: { 'Retry-After': '0' } }, { status: 503 });
  expect((await open().read()).tensors.size).toBeGreaterThan(0);
});

test.each([
  { fault: 'is not found', status: 404, expected: SourceNotFoundError },
  { fault: 'wants a long pause', status: 429, expected: SourceHttpError },
])('a repository that $fault ends with a reason', async ({ status, expected }) => {
  hub.failures.push({ status, headers: { 'Retry-After': '3600' } });
  await expect(open().read()).rejects.toThrow(expected);
});

test('a file that has another size than the list says is another one', async () => {
  const { folder } = open();
  await folder.list();
  hub.storage.get(SHARDS[0]!)!.bytes = new Uint8Array(500);
  await expect((await folder.open(SHARDS[0]!)).read(0, 100)).rejects.toThrow(SourceModifiedError);
});

test('reads before the first answer are of one version all the same', async () => {
  const source = await open().folder.open(SHARDS[0]!);
  const storage = hub.storage.get(SHARDS[0]!)!;
  storage.misbehave.push((request) => {
    storage.good(request);
    storage.headers.ETag = '"v2"';
  });
  const reads = await Promise.allSettled([source.read(0, 10), source.read(5000, 10)]);
  expect(reads.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a folder on a server has the usual names, and one that lists nothing has no others', async () => {
  const at = (path: string) => locateRemote(`${hub.endpoint}/${path}`, { pauseMs: 1 })!;
  const { folder, path } = at(`${hub.id}/resolve/main/`);
  const { tensors, documents } = await readCheckpoint(folder, path);
  expect(tensors.size).toBeGreaterThan(0);
  expect(documents.config).toBeDefined();
  const nothing = at('nothing/');
  await expect(readCheckpoint(nothing.folder, nothing.path)).rejects.toThrow(
    CheckpointNotFoundError,
  );
});

test.each([
  ['owner/name', 'owner/name', undefined],
  ['owner/name@v1.0', 'owner/name@v1.0', undefined],
  ['owner/name:sub/a.gguf', 'owner/name', 'sub/a.gguf'],
  ['owner/na.me-2@refs/pr/1:a.gguf', 'owner/na.me-2@refs/pr/1', 'a.gguf'],
  ['https://huggingface.co/owner/name', 'owner/name', undefined],
  ['https://huggingface.co/owner/name/tree/v1.0/', 'owner/name@v1.0', undefined],
  ['https://huggingface.co/owner/name/blob/main/sub/a%20b.gguf?x=1', 'owner/name', 'sub/a b.gguf'],
  ['https://huggingface.co/owner/name/resolve/v1/a%.gguf', 'owner/name@v1', 'a%.gguf'],
  ['https://a.org/x/model.gguf', 'https://a.org/x/', 'model.gguf'],
  ['https://a.org/x/model.safetensors?key=1', 'https://a.org/x/', 'model.safetensors?key=1'],
  ['https://a.org/x/', 'https://a.org/x/', undefined],
  ['https://a.org/x', 'https://a.org/x/', undefined],
])('%s names the folder %s and the file %s', (text, folder, path) => {
  expect(locateRemote(text)).toMatchObject({ folder: { name: folder }, path });
});

test.each([
  'model.gguf',
  'models/model.gguf',
  './a/b',
  'a/b/c',
  'C:\\models',
  'owner/',
  '',
  'ftp://a.org/b',
  'https://',
])('%j is no address and no name of the hub', (text) => {
  expect(locateRemote(text)).toBeNull();
});
