import { expose } from 'comlink';
import { openBrowserStore } from '../../../src/store/choose_store.ts';
import { IndexedDbStore } from '../../../src/store/indexeddb_store.ts';
import { OpfsStore } from '../../../src/store/opfs_store.ts';
import type { StoredFile, WeightStore } from '../../../src/store/weight_store.ts';
import { get, pattern, put, storeCases } from '../../unit/store/weight_store_suite.ts';

export type StoreKind = 'opfs' | 'indexeddb';

const open: Record<StoreKind, () => Promise<WeightStore>> = {
  opfs: () => OpfsStore.open(),
  indexeddb: async () => new IndexedDbStore(),
};

const held: StoredFile[] = [];

async function nameOfError(promise: Promise<unknown>): Promise<string | null> {
  return promise.then(
    () => null,
    (error: Error) => error.name,
  );
}

/** What the tests do with stores, in the kind of worker in which Lamina uses them. */
const stores = {
  async chosen(): Promise<string> {
    return (await openBrowserStore()).kind;
  },

  async run(kind: StoreKind, name: string): Promise<void> {
    const store = await open[kind]();
    for (const pack of await store.list()) await store.remove(pack);
    await storeCases.find((storeCase) => storeCase.name === name)!.run(store);
  },

  /** Begins a file and leaves it so. */
  async leaveHalfWritten(kind: StoreKind, pack: string, file: string): Promise<void> {
    const writer = await (await open[kind]()).create(pack, file);
    await writer.write(pattern(5 * 2 ** 20));
  },

  async write(kind: StoreKind, pack: string, file: string, length: number): Promise<void> {
    await put(await open[kind](), pack, file, pattern(length));
  },

  async read(kind: StoreKind, pack: string, file: string): Promise<boolean> {
    const bytes = await get(await open[kind](), pack, file);
    const expected = pattern(bytes.length);
    return bytes.every((byte, i) => byte === expected[i]);
  },

  async hold(kind: StoreKind, pack: string, file: string): Promise<void> {
    held.push(await (await open[kind]()).open(pack, file));
  },

  async chosenWithoutSyncHandles(): Promise<string> {
    Object.assign(FileSystemFileHandle.prototype, { createSyncAccessHandle: undefined });
    return (await openBrowserStore()).kind;
  },

  async removalError(kind: StoreKind, pack: string, file: string): Promise<string | null> {
    const store = await open[kind]();
    return nameOfError(store.remove(pack, file));
  },

  async creationError(kind: StoreKind, pack: string, file: string): Promise<string | null> {
    const store = await open[kind]();
    return nameOfError(store.create(pack, file));
  },

  /** Writes a file of random bytes: the error's name, and the packs that are there afterwards. */
  async fill(kind: StoreKind, length: number) {
    const store = await open[kind]();
    const writer = await store.create('pack', 'large.bin');
    const random = new Uint8Array(65_536);
    const writeAll = async () => {
      for (let done = 0; done < length; done += random.length) {
        await writer.write(crypto.getRandomValues(random));
      }
    };
    const error = await nameOfError(writeAll());
    await writer.abort();
    return { error, left: await store.list() };
  },

  async list(kind: StoreKind): Promise<string[]> {
    return (await open[kind]()).list();
  },
};

export type StoresWorker = typeof stores;

expose(stores);
