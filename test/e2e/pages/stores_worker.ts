import { expose } from 'comlink';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { sha256 } from '../../../src/formats/sha256.ts';
import { openBrowserStore } from '../../../src/store/choose_store.ts';
import { HashPool } from '../../../src/store/hash_pool.ts';
import { importPack } from '../../../src/store/importer.ts';
import { IndexedDbStore } from '../../../src/store/indexeddb_store.ts';
import { JOURNAL_FILE } from '../../../src/store/journal.ts';
import { openManifest } from '../../../src/store/open_pack.ts';
import { OpfsStore } from '../../../src/store/opfs_store.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import type { StoredFile, WeightStore } from '../../../src/store/weight_store.ts';
import { TestSource } from '../../unit/store/test_source.ts';
import { get, pattern, put, storeCases } from '../../unit/store/weight_store_suite.ts';

export type StoreKind = 'opfs' | 'indexeddb';

const open: Record<StoreKind, () => Promise<WeightStore>> = {
  opfs: () => OpfsStore.open(),
  indexeddb: async () => new IndexedDbStore(),
};

const held: StoredFile[] = [];

let tellStopped: () => void;
const importStopped = new Promise<void>((resolve) => {
  tellStopped = resolve;
});

let journalsWritten = 0;

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

  async removeAll(kind: StoreKind): Promise<void> {
    const store = await open[kind]();
    for (const pack of await store.list()) await store.remove(pack);
  },

  async list(kind: StoreKind): Promise<string[]> {
    return (await open[kind]()).list();
  },

  /**
   * Imports the checkpoint at a URL, and gives the offsets that were read from it. With `stopAt` it hangs where
   * that offset of the weights is to be read, or the first one.
   */
  async import(kind: StoreKind, url: string, stopAt?: number | 'weights') {
    const store = await open[kind]();
    const response = await fetch(url);
    const source = new TestSource(new Uint8Array(await response.arrayBuffer()));
    const checkpoint = await readGguf(source);
    source.beforeRead = async (offset) => {
      if (stopAt !== 'weights' && offset !== stopAt) return;
      tellStopped();
      await new Promise(() => undefined);
    };
    const create = store.create.bind(store);
    store.create = async (pack, file) => {
      const writer = await create(pack, file);
      const commit = writer.commit.bind(writer);
      writer.commit = async () => {
        await commit();
        if (file === JOURNAL_FILE) journalsWritten += 1;
      };
      return writer;
    };
    await importPack({ checkpoint, store, pack: 'pack' });
    await verifyPack(store, 'pack', await openManifest(store, 'pack'));
    return source.reads.map(([offset]) => offset);
  },

  /** Resolves when the import waits for the read at `stopAt`, and has written its journal so many times. */
  async stopped(journals: number): Promise<void> {
    await importStopped;
    while (journalsWritten < journals) await new Promise((resolve) => setTimeout(resolve, 5));
  },

  async importError(kind: StoreKind, url: string): Promise<string | null> {
    return nameOfError(stores.import(kind, url));
  },

  /** The SHA-256 of a long piece as a thread says, and as this one does. */
  async hash() {
    const pool = new HashPool();
    try {
      const lane = await pool.take();
      lane.bytes.set(pattern(lane.bytes.length));
      const expected = await sha256(lane.bytes);
      return { expected, hashed: await lane.hash(lane.bytes.length) };
    } finally {
      pool.close();
    }
  },

  /** What hashing fails with where the script of the threads cannot be loaded. */
  async hashErrorWithoutScript(): Promise<string | null> {
    globalThis.Worker = class extends Worker {
      constructor() {
        super(new URL('/no-such-script.js', location.href), { type: 'module' });
      }
    };
    return nameOfError(stores.hash());
  },

  /** Why the pack cannot be opened. */
  async openingError(kind: StoreKind): Promise<string | null> {
    return nameOfError(openManifest(await open[kind](), 'pack'));
  },

  /** Flips a bit of a file, and gives what verifying and mending it say. */
  async damageAndMend(kind: StoreKind, url: string, file: string) {
    const store = await open[kind]();
    const bytes = await get(store, 'pack', file);
    bytes[12_345]! ^= 1;
    await put(store, 'pack', file, bytes);
    const manifest = await openManifest(store, 'pack');
    const error = await verifyPack(store, 'pack', manifest).catch((error) => error);
    const reads = await stores.import(kind, url);
    return { error: error.name, layers: error.details.layers, reads };
  },
};

export type StoresWorker = typeof stores;

expose(stores);
