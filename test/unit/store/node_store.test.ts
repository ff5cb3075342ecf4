import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeStore } from '../../../src/store/node_store.ts';
import { get, pattern, put } from './weight_store_suite.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what a killed process left half written is not there, and goes when the file is written again', async () => {
  const store = new NodeStore(folder);
  // No process has this number: it is above the highest that systems give.
  await mkdir(join(folder, 'pack'));
  await writeFile(join(folder, 'pack', 'a.bin.2000000000.part'), 'half');
  expect(await store.list()).toEqual([]);
  await put(store, 'pack', 'a.bin', pattern(10));
  expect(await readdir(join(folder, 'pack'))).toEqual(['a.bin']);
});

test('the file that another running process is writing is left alone', async () => {
  const store = new NodeStore(folder);
  const part = `a.bin.${process.ppid}.part`;
  await mkdir(join(folder, 'pack'));
  await writeFile(join(folder, 'pack', part), 'half');
  await put(store, 'pack', 'a.bin', pattern(10));
  expect((await readdir(join(folder, 'pack'))).sort()).toEqual(['a.bin', part]);
});

test('reads are synchronous', async () => {
  const store = new NodeStore(folder);
  await put(store, 'pack', 'a.bin', pattern(10));
  const file = await store.open('pack', 'a.bin');
  const into = new Uint8Array(10);
  expect(file.read(into, 0)).toBeUndefined();
  file.close();
  expect(into).toEqual(pattern(10));
});

test('folders and files that are no packs are not seen', async () => {
  const store = new NodeStore(folder);
  await put(store, 'pack', 'a.bin', pattern(10));
  await mkdir(join(folder, '.git'));
  await writeFile(join(folder, '.git', 'config'), '');
  await writeFile(join(folder, 'notes.txt'), '');
  await mkdir(join(folder, 'pack', 'folder'));
  await writeFile(join(folder, 'pack', '.DS_Store'), '');
  expect(await store.list()).toEqual(['pack']);
  expect([...(await store.files('pack'))]).toEqual([['a.bin', 10]]);
});

test('the free space is known before the folder is there', async () => {
  const store = new NodeStore(join(folder, 'not', 'yet'));
  expect(await store.available()).toBeGreaterThan(0);
  expect(await get(await written(store), 'pack', 'a.bin')).toEqual(pattern(10));
});

async function written(store: NodeStore): Promise<NodeStore> {
  await put(store, 'pack', 'a.bin', pattern(10));
  return store;
}
