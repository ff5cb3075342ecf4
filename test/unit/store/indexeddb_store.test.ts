import 'fake-indexeddb/auto';
import { createStore, keys } from 'idb-keyval';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StorageQuotaError, StoreLockedError } from '../../../src/store/errors.ts';
import { IndexedDbStore } from '../../../src/store/indexeddb_store.ts';
import { get, pattern, put } from './weight_store_suite.ts';

const CHUNK = 4 * 2 ** 20;
let database: string;
let store: IndexedDbStore;
beforeEach(() => {
  database = crypto.randomUUID();
  store = new IndexedDbStore(database);
});
afterEach(() => vi.restoreAllMocks());

/** Keys of all records of the database. */
const records = () => keys<string[]>(createStore(database, 'files'));

test('a range read asks only for the chunks that it lies in', async () => {
  await put(store, 'pack', 'a.bin', pattern(20 * 2 ** 20));
  const file = await new IndexedDbStore(database).open('pack', 'a.bin');
  const asked = vi.spyOn(IDBObjectStore.prototype, 'get');
  const chunksOf = () => asked.mock.calls.map(([key]) => (key as unknown[]).at(-1));
  await file.read(new Uint8Array(100), 2 * CHUNK + 5);
  expect(chunksOf()).toEqual([2]);
  await file.read(new Uint8Array(100), 2 * CHUNK + 500);
  expect(chunksOf()).toEqual([2]);
  await file.read(new Uint8Array(2), 4 * CHUNK - 1);
  expect(chunksOf()).toEqual([2, 3, 4]);
});

test('chunks of a writing that was left are removed when the file is written again', async () => {
  const left = await store.create('pack', 'a.bin');
  await left.write(pattern(2 * CHUNK));
  expect((await records()).length).toBe(2);
  expect(await store.list()).toEqual([]);
  await put(store, 'pack', 'a.bin', pattern(10));
  expect((await records()).map(([kind]) => kind).sort()).toEqual(['chunk', 'file']);
});

test('chunks of an old file are removed when the new one is committed', async () => {
  await put(store, 'pack', 'a.bin', pattern(3 * CHUNK));
  await put(store, 'pack', 'a.bin', pattern(CHUNK + 1));
  expect((await records()).map(([kind]) => kind).sort()).toEqual(['chunk', 'chunk', 'file']);
});

test('removing a pack leaves no record of it', async () => {
  await put(store, 'pack', 'a.bin', pattern(CHUNK + 1));
  await put(store, 'other', 'a.bin', pattern(1));
  await store.remove('pack');
  expect((await records()).map(([, pack]) => pack)).toEqual(['other', 'other'].sort());
});

test('of two tabs that write one file the slower one is told, and the file is whole', async () => {
  const slow = await store.create('pack', 'a.bin');
  await slow.write(pattern(CHUNK));
  await put(new IndexedDbStore(database), 'pack', 'a.bin', pattern(100));
  await expect(slow.commit()).rejects.toThrow(StoreLockedError);
  await slow.abort();
  expect(await get(store, 'pack', 'a.bin')).toEqual(pattern(100));
  expect((await records()).length).toBe(2);
});

test('a full database gives the typed error', async () => {
  const writer = await store.create('pack', 'a.bin');
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  await expect(writer.write(pattern(CHUNK))).rejects.toThrow(StorageQuotaError);
});
