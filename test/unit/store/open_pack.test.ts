import { expect, test, vi } from 'vitest';
import {
  ManifestInvalidError,
  PackIncompleteError,
  PackNotFoundError,
} from '../../../src/store/errors.ts';
import { listPacks } from '../../../src/store/list_packs.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { SCRATCH_PACK } from '../../../src/store/names.ts';
import { filesOf, openManifest } from '../../../src/store/open_pack.ts';
import { manifestFixture } from './manifest_fixture.ts';
import { put } from './weight_store_suite.ts';

async function withManifest(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const json = JSON.stringify(manifestFixture());
  await put(store, 'pack', 'manifest.json', new TextEncoder().encode(json));
  return store;
}

test('a manifest is opened from the store', async () => {
  expect(await openManifest(await withManifest(), 'pack')).toEqual(manifestFixture());
});

test('a pack that is not there is not found', async () => {
  await expect(openManifest(new MemoryStore(), 'pack')).rejects.toThrow(PackNotFoundError);
});

test('a pack without a manifest is incomplete', async () => {
  const store = new MemoryStore();
  await put(store, 'pack', 'layer-000.bin', new Uint8Array(256));
  await expect(openManifest(store, 'pack')).rejects.toThrow(PackIncompleteError);
});

test('a manifest of a size that no manifest has is not read', async () => {
  const store = await withManifest();
  const file = await store.open('pack', 'manifest.json');
  const read = vi.fn();
  store.open = async () => ({ ...file, size: 2 ** 40, read });
  await expect(openManifest(store, 'pack')).rejects.toThrow(ManifestInvalidError);
  expect(read).not.toHaveBeenCalled();
});

test('a pack is listed as complete when all of its files have their size', async () => {
  const store = await withManifest();
  const size = (await store.files('pack')).get('manifest.json')!;
  expect(await listPacks(store)).toEqual([
    { id: 'pack', name: 'A small model', bytes: size, complete: false, quantization: null },
  ]);
  const files = filesOf(manifestFixture());
  for (const { name, bytes } of files) await put(store, 'pack', name, new Uint8Array(bytes));
  const bytes = files.reduce((sum, file) => sum + file.bytes, size);
  expect(await listPacks(store)).toEqual([
    { id: 'pack', name: 'A small model', bytes, complete: true, quantization: null },
  ]);
  await put(store, 'pack', 'layer-001.bin', new Uint8Array(256));
  expect((await listPacks(store))[0]!.complete).toBe(false);
});

test('packs that cannot be opened are listed too, so that they can be removed', async () => {
  const store = new MemoryStore();
  await put(store, 'stopped', 'import.json', new Uint8Array(10));
  await put(store, 'broken', 'manifest.json', new Uint8Array(20));
  expect(await listPacks(store)).toEqual([
    { id: 'stopped', name: 'stopped', bytes: 10, complete: false, quantization: null },
    { id: 'broken', name: 'broken', bytes: 20, complete: false, quantization: null },
  ]);
});

test('what a measurement writes is not listed', async () => {
  const store = new MemoryStore();
  await put(store, SCRATCH_PACK, 'ring.bin', new Uint8Array(10));
  await put(store, 'stopped', 'import.json', new Uint8Array(10));
  expect((await listPacks(store)).map(({ id }) => id)).toEqual(['stopped']);
});
