import { StorageUnavailableError } from './errors.ts';
import { IndexedDbStore } from './indexeddb_store.ts';
import { type MovableHandle, OpfsStore } from './opfs_store.ts';
import type { WeightStore } from './weight_store.ts';

/**
 * The best store that this browser has: OPFS where synchronous handles work (in a worker), else IndexedDB.
 * @throws StorageUnavailableError when neither works, as in some private windows.
 */
export async function openBrowserStore(): Promise<WeightStore> {
  if (await opfsWorks()) return OpfsStore.open();
  const store = new IndexedDbStore();
  try {
    await store.list();
  } catch (error) {
    throw new StorageUnavailableError({ reason: String(error) });
  }
  return store;
}

/** Writes, moves and reads a tiny file: having the functions does not mean that they work, or that they are synchronous. */
async function opfsWorks(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory();
    // Tabs may probe at the same time.
    const name = `lamina-probe-${crypto.randomUUID()}`;
    const file = await root.getFileHandle(`${name}.part`, { create: true });
    try {
      const handle = await file.createSyncAccessHandle();
      const read = new Uint8Array(1);
      try {
        handle.write(Uint8Array.of(42), { at: 0 });
        handle.flush();
        handle.read(read, { at: 0 });
      } finally {
        handle.close();
      }
      await (file as MovableHandle).move(name);
      return read[0] === 42;
    } finally {
      await root.removeEntry(file.name);
    }
  } catch {
    return false;
  }
}
