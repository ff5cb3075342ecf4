import { expect, test } from 'vitest';
import { NoScratchSpaceError } from '../../../src/engine/errors.ts';
import { createScratch } from '../../../src/engine/scratch.ts';
import { listPacks } from '../../../src/store/list_packs.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { SCRATCH_PACK } from '../../../src/store/names.ts';

const MEBIBYTE = 2 ** 20;

/** A store that says how much it has left. */
function storeWith(available: number): MemoryStore {
  return Object.assign(new MemoryStore(), { available: async () => available });
}

test('a scratch file serves reads of any place, and is gone afterwards', async () => {
  const store = new MemoryStore();
  const scratch = await createScratch(store, 3 * MEBIBYTE + 5, MEBIBYTE);
  expect(scratch.bytes).toBe(3 * MEBIBYTE + 5);
  expect([...(await store.files(SCRATCH_PACK)).values()]).toEqual([scratch.bytes]);
  expect(await listPacks(store)).toEqual([]);
  for (let i = 0; i < 5; i++) {
    const file = await scratch.reader.open('any', 'file');
    for (const at of [0, MEBIBYTE, 7 * MEBIBYTE + 1, scratch.bytes - 1]) {
      const into = new Uint8Array(MEBIBYTE).fill(9);
      await file.read(into, at);
      expect(into.every((byte) => byte === 0)).toBe(true);
    }
    file.close();
  }
  await scratch.remove();
  expect(await store.list()).toEqual([]);
});

test('a scratch file holds what each piece is filled with', async () => {
  let count = 0;
  const fill = (piece: Uint8Array) => piece.fill(++count);
  const scratch = await createScratch(new MemoryStore(), 3 * MEBIBYTE, MEBIBYTE, fill);
  const into = new Uint8Array(2);
  await (await scratch.reader.open('', '')).read(into, 2 * MEBIBYTE - 1);
  expect([...into]).toEqual([2, 3]);
});

test('where the disk has less room it is smaller', async () => {
  const scratch = await createScratch(storeWith(70 * MEBIBYTE), 32 * MEBIBYTE, MEBIBYTE);
  expect(scratch.bytes).toBe(6 * MEBIBYTE);
});

test('where there is too little, nothing is written', async () => {
  const store = storeWith(64 * MEBIBYTE);
  await expect(createScratch(store, 32 * MEBIBYTE, MEBIBYTE)).rejects.toThrow(NoScratchSpaceError);
  expect(await store.list()).toEqual([]);
});
