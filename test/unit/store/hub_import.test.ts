import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LaminaError } from '../../../src/errors.ts';
import {
  RangeUnsupportedError,
  SourceHashError,
  SourceHttpError,
  SourceNetworkError,
  SourceNotFoundError,
  SourceTruncatedError,
} from '../../../src/formats/errors.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { locateRemote } from '../../../src/formats/sources/remote_model.ts';
import { SourceChangedError } from '../../../src/store/errors.ts';
import { importPack } from '../../../src/store/importer.ts';
import { listPacks } from '../../../src/store/list_packs.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { openManifest } from '../../../src/store/open_pack.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import { countingFetch, FakeHub } from '../formats/fake_hub.ts';
import type { Answer, RangeServer } from '../formats/range_server.ts';
import { golden } from './golden.ts';

const FILE = 'sub/model.Q4_1.gguf';
const MODEL = await golden('gguf/llama-q4_1.gguf');

let hub: FakeHub;
let storage: RangeServer;
let store: MemoryStore;
let unhashed: string[];
beforeEach(async () => {
  hub = await FakeHub.start({ 'README.md': 'a model', [FILE]: MODEL });
  storage = hub.storage.get(FILE)!;
  store = new MemoryStore();
  unhashed = [];
});
afterEach(() => hub.close());

/** What a visit of the page does. @returns bytes that were downloaded */
async function importFromHub(): Promise<number> {
  const counted = countingFetch();
  const options = { endpoint: hub.endpoint, fetch: counted.fetch, pauseMs: 1, stallMs: 300 };
  const { folder, path } = locateRemote(hub.id, options)!;
  const checkpoint = await readCheckpoint(folder, path);
  const pack = await importPack({
    checkpoint,
    store,
    onUnhashed: (_, reason) => unhashed.push(reason),
  });
  await verifyPack(store, pack, await openManifest(store, pack));
  return counted.bytes;
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  ({ response }) => {
    response.writeHead(code, headers).end('no');
  };

/** Promises the whole part, sends less, and hangs up or says no more. */
const sendLess =
  (bytes: number, hangUp: boolean): Answer =>
  ({ response, first, last }) => {
    storage.head(response, first, last, last - first + 1);
    response.write(MODEL.subarray(first, first + bytes), () => hangUp && response.destroy());
  };

const changed: Answer = (request) => {
  storage.headers.ETag = '"v2"';
  storage.good(request);
};

const whole: Answer = ({ response }) => {
  response.writeHead(200, storage.headers).end(MODEL);
};

/** Says that it sends the part, and sends as many bytes. */
const send =
  (length: number): Answer =>
  ({ response, first, last }) => {
    storage.head(response, first, last);
    response.end(new Uint8Array(length));
  };

/** Three reads are under way at once, and each is tried five times. */
const always = (answer: Answer): Answer[] => Array(15).fill(answer);

test('a model of the hub is downloaded once, all of it, and becomes a verified pack', async () => {
  const bytes = await importFromHub();
  expect(bytes).toBeGreaterThan(0.98 * MODEL.length);
  expect(bytes).toBeLessThan(1.02 * MODEL.length);
  expect(await listPacks(store)).toMatchObject([{ complete: true }]);
  expect(unhashed).toEqual([]);
});

test('an import that goes on says that it cannot compare the SHA-256', async () => {
  storage.misbehave.push(storage.good, storage.good, status(404));
  await expect(importFromHub()).rejects.toThrow(SourceNotFoundError);
  expect(await listPacks(store)).toMatchObject([{ complete: false }]);
  await importFromHub();
  expect(unhashed).toEqual(['a part of it was imported earlier']);
});

describe.each([
  { fault: 'status 429', answer: status(429, { 'Retry-After': '0' }) },
  { fault: 'status 503', answer: status(503) },
  { fault: 'a dropped connection', answer: sendLess(5000, true) },
  { fault: 'a connection dropped at once', answer: sendLess(0, true) },
  { fault: 'a connection that falls silent', answer: sendLess(5000, false) },
])('$fault', ({ answer }) => {
  test.each([0, 1, 2])('is got over at request %i, and nothing is downloaded twice', async (at) => {
    storage.misbehave.push(...Array(at).fill(storage.good), answer);
    expect(await importFromHub()).toBeLessThan(1.02 * MODEL.length);
  });
});

describe.each([
  { fault: 'a file that changes', answers: [changed], expected: SourceChangedError },
  { fault: 'an answer that ignores the range', answers: [whole], expected: RangeUnsupportedError },
  { fault: 'more bytes than were said', answers: [send(2e6)], expected: RangeUnsupportedError },
  { fault: 'a file that is gone', answers: [status(404)], expected: SourceNotFoundError },
  { fault: 'a file that is refused', answers: [status(403)], expected: SourceHttpError },
  {
    fault: 'a server that stays down',
    answers: always(status(500)),
    expected: SourceHttpError,
  },
  {
    fault: 'a pause of an hour',
    answers: [status(429, { 'Retry-After': '3600' })],
    expected: SourceHttpError,
  },
  {
    fault: 'a length that is a lie',
    answers: always(send(0)),
    expected: SourceTruncatedError,
  },
  {
    fault: 'a line that keeps dropping',
    answers: always(sendLess(0, true)),
    expected: SourceNetworkError,
  },
])('$fault', ({ answers, expected }) => {
  test.each([1, 2])(
    'ends at request %i with its reason and no pack, and the next import with a verified one',
    async (at) => {
      storage.misbehave.push(...Array(at).fill(storage.good), ...answers);
      const error: LaminaError = await importFromHub().catch((error) => error);
      expect(error).toBeInstanceOf(expected);
      for (const { complete } of await listPacks(store)) expect(complete).toBe(false);
      storage.misbehave.length = 0;
      const kept = (await listPacks(store)).reduce((sum, { bytes }) => sum + bytes, 0);
      const bytes = await importFromHub();
      // Besides what is missing, the header again.
      expect(bytes).toBeLessThan(1.02 * MODEL.length - kept + 2 ** 16);
      expect(await listPacks(store)).toMatchObject([{ complete: true }]);
    },
  );
});

test('of a file that is not what the hub says nothing is kept', async () => {
  const bytes = MODEL.slice();
  bytes[MODEL.length - 1000]! ^= 1;
  storage.bytes = bytes;
  await expect(importFromHub()).rejects.toThrow(SourceHashError);
  expect(await store.list()).toEqual([]);
});

test('of a file that changes in mid-download nothing is kept', async () => {
  storage.misbehave.push(storage.good, storage.good, storage.good, changed);
  await expect(importFromHub()).rejects.toThrow(SourceChangedError);
  expect(await store.list()).toEqual([]);
});
