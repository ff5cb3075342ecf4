import 'fake-indexeddb/auto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import {
  ImportCancelledError,
  PackIncompleteError,
  SourceChangedError,
  StorageQuotaError,
} from '../../../src/store/errors.ts';
import { IndexedDbStore } from '../../../src/store/indexeddb_store.ts';
import { listPacks } from '../../../src/store/list_packs.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { NodeStore } from '../../../src/store/node_store.ts';
import { filesOf, openManifest } from '../../../src/store/open_pack.ts';
import type { ImportProgress } from '../../../src/store/progress.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import type { FileWriter, WeightStore } from '../../../src/store/weight_store.ts';
import { golden } from './golden.ts';
import { importFile } from './import_file.ts';
import { piecesOf } from './piece_hashes.ts';
import { TestSource } from './test_source.ts';
import { get, put } from './weight_store_suite.ts';

const MODEL = await golden('gguf/llama-q4_1.gguf');
const BAD_FILES = await badFiles();
const PACK = 'pack';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-import-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each([
  { kind: 'memory', open: () => new MemoryStore() },
  { kind: 'Node', open: () => new NodeStore(folder) },
  { kind: 'IndexedDB', open: () => new IndexedDbStore(crypto.randomUUID()) },
])('an import into the $kind store', ({ open }) => {
  test('keeps every value of every tensor bit for bit', async () => {
    const store = open();
    const source = new TestSource(MODEL);
    const pack = await importFile({ source, store });
    const { tensors } = await readGguf(source);
    const manifest = await openManifest(store, pack);
    const seen: string[] = [];
    for (const file of filesOf(manifest)) {
      const bytes = await get(store, pack, file.name);
      expect(bytes.length).toBe(file.bytes);
      expect(piecesOf(bytes)).toEqual(file.pieces);
      for (const { name, type, shape, planes } of file.tensors) {
        const info = tensors.get(name)!;
        expect({ type, shape }).toEqual({ type: info.type, shape: info.shape });
        const blocks = info.bytes / BLOCK_TYPES[type].block_bytes;
        const expected = planes.map((plane) => new Uint8Array(plane.bytes));
        const source = MODEL.subarray(info.offset, info.offset + info.bytes);
        BLOCK_TYPES[type].split(source, blocks, expected);
        for (const [i, { offset, bytes: length }] of planes.entries()) {
          // `toEqual` takes seconds for megabytes.
          const actual = bytes.subarray(offset, offset + length);
          expect(Buffer.compare(actual, expected[i]!), `${name} ${planes[i]!.name}`).toBe(0);
        }
        seen.push(name);
      }
    }
    expect(seen.sort()).toEqual([...tensors.keys()].sort());
    await verifyPack(store, pack, manifest);
  });

  test.each([0, 1, 2, 3])('goes on after %i files where a stopped one left off', async (files) => {
    const store = open();
    await stopAfter(files, store);
    await expect(openManifest(store, PACK)).rejects.toThrow(
      files === 0 ? 'There is no pack' : PackIncompleteError,
    );

    const source = new TestSource(MODEL);
    await importFile({ source, store, pack: PACK });
    const whole = await readsPerFile();
    const header = source.reads.length - (whole.length - files);
    expect(source.reads.slice(header)).toEqual(whole.slice(files));
    await verifyPack(store, PACK, await openManifest(store, PACK));
    expect([...(await store.files(PACK)).keys()]).not.toContain('import.json');
  });

  test('reads again exactly the file that was damaged', async () => {
    const store = open();
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    const before = await openManifest(store, PACK);
    await flipByte(store, 'layer-001.bin', 1000);
    await expect(verifyPack(store, PACK, before)).rejects.toMatchObject({
      details: { layers: [1], files: [{ file: 'layer-001.bin' }] },
    });

    const source = new TestSource(MODEL);
    await importFile({ source, store, pack: PACK });
    const dataReads = source.reads.slice(-1);
    expect(dataReads).toEqual([(await readsPerFile())[2]]);
    expect(await openManifest(store, PACK)).toEqual(before);
    await verifyPack(store, PACK, before);
  });

  test('reads only the header of a source whose pack is whole', async () => {
    const store = open();
    await importFile({ source: new TestSource(MODEL), store });
    const source = new TestSource(MODEL);
    await importFile({ source, store });
    expect(source.reads.length).toBe(await headerReads());
  });

  test.each(BAD_FILES)('leaves nothing of %s', async (file) => {
    const store = open();
    const source = new TestSource(await golden(`gguf-bad/${file}`), file);
    await expect(importFile({ source, store })).rejects.toThrow();
    expect(await store.list()).toEqual([]);
  });
});

describe('an import', () => {
  test('is cancelled by its signal, and resumes', async () => {
    const store = new MemoryStore();
    const cancel = new AbortController();
    const onProgress = ({ phase, filesDone }: ImportProgress) => {
      if (phase === 'importing' && filesDone === 2) cancel.abort();
    };
    const source = new TestSource(MODEL);
    await expect(
      importFile({ source, store, pack: PACK, onProgress, signal: cancel.signal }),
    ).rejects.toThrow(ImportCancelledError);
    expect([...(await store.files(PACK)).keys()]).toEqual([
      'import.json',
      'embedding.bin',
      'layer-000.bin',
    ]);
    expect(await listPacks(store)).toMatchObject([{ id: PACK, name: PACK, complete: false }]);

    await importFile({ source, store, pack: PACK });
    expect(await listPacks(store)).toMatchObject([{ id: PACK, complete: true }]);
  });

  test('that was cancelled before it began reads no weights', async () => {
    const store = new MemoryStore();
    const source = new TestSource(MODEL);
    const importing = importFile({ source, store, signal: AbortSignal.abort() });
    await expect(importing).rejects.toThrow(ImportCancelledError);
    expect(source.reads.length).toBe(await headerReads());
    expect(await store.list()).toEqual([]);
  });

  test('passes an error of the source through, and keeps what is done', async () => {
    const store = new MemoryStore();
    const cause = new Error('the network is gone');
    await expect(stopAfter(3, store, cause)).resolves.toBe(cause);
    expect([...(await store.files(PACK)).keys()]).toContain('layer-001.bin');
  });

  test('leaves nothing when it fails before the first file is done', async () => {
    const store = new MemoryStore();
    await stopAfter(0, store);
    expect(await store.list()).toEqual([]);
  });

  test('starts over when the source has changed since it was stopped', async () => {
    const store = new MemoryStore();
    await stopAfter(2, store);
    await put(store, PACK, 'layer-099.bin', new Uint8Array(10));
    const source = new TestSource(MODEL, 'model.gguf', '2');
    await importFile({ source, store, pack: PACK });
    expect(source.reads.slice(await headerReads())).toEqual(await readsPerFile());
    const manifest = await openManifest(store, PACK);
    expect(manifest.source.version).toBe('2');
    expect([...(await store.files(PACK)).keys()].sort()).toEqual(
      [...filesOf(manifest).map(({ name }) => name), 'manifest.json'].sort(),
    );
  });

  test('does not mend a finished pack from another source', async () => {
    const store = new MemoryStore();
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    const before = await store.files(PACK);
    const source = new TestSource(MODEL, 'model.gguf', '2');
    await expect(importFile({ source, store, pack: PACK })).rejects.toThrow(SourceChangedError);
    expect(await store.files(PACK)).toEqual(before);
  });

  test.each(['', '{', '[]', '{"version":1}', '{"version":99,"source":{},"files":{}}'])(
    'starts over when its journal is %j',
    async (journal) => {
      const store = new MemoryStore();
      await stopAfter(2, store);
      await put(store, PACK, 'import.json', new TextEncoder().encode(journal));
      await importFile({ source: new TestSource(MODEL), store, pack: PACK });
      await verifyPack(store, PACK, await openManifest(store, PACK));
    },
  );

  test('does not believe a journal that names a damaged file', async () => {
    const store = new MemoryStore();
    await stopAfter(3, store);
    await flipByte(store, 'layer-000.bin', 0);
    const source = new TestSource(MODEL);
    await importFile({ source, store, pack: PACK });
    await verifyPack(store, PACK, await openManifest(store, PACK));
    expect(source.reads.slice(await headerReads())).toEqual(
      (await readsPerFile()).filter((_, i) => i === 1 || i >= 3),
    );
  });

  test('replaces a manifest that cannot be read', async () => {
    const store = new MemoryStore();
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    await put(store, PACK, 'manifest.json', new TextEncoder().encode('{}'));
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    await verifyPack(store, PACK, await openManifest(store, PACK));
  });

  test('makes a pack of an earlier version anew', async () => {
    const store = new MemoryStore();
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    const now = await openManifest(store, PACK);
    const before = {
      ...now,
      version: 1,
      layers: now.layers.map((file) => ({ ...file, sha256: '' })),
    };
    await put(store, PACK, 'manifest.json', new TextEncoder().encode(JSON.stringify(before)));
    await expect(openManifest(store, PACK)).rejects.toThrow(
      'The manifest of pack "pack" is not valid: version is 1, not 4. Import the model again.',
    );
    const source = new TestSource(MODEL);
    await importFile({ source, store, pack: PACK });
    expect(source.reads.slice(await headerReads())).toEqual(await readsPerFile());
    expect(await openManifest(store, PACK)).toEqual(now);
    await verifyPack(store, PACK, now);
  });

  test('does not believe a journal that has too many or too few hashes of a file', async () => {
    for (const change of [
      (pieces: string[]) => pieces.slice(1),
      (pieces: string[]) => [...pieces, pieces[0]!],
    ]) {
      const store = new MemoryStore();
      await stopAfter(2, store);
      const journal = JSON.parse(new TextDecoder().decode(await get(store, PACK, 'import.json')));
      const file = journal.files['layer-000.bin'];
      file.pieces = change(file.pieces);
      await put(store, PACK, 'import.json', new TextEncoder().encode(JSON.stringify(journal)));
      const source = new TestSource(MODEL);
      await importFile({ source, store, pack: PACK });
      expect(source.reads.slice(await headerReads())).toEqual((await readsPerFile()).slice(1));
      await verifyPack(store, PACK, await openManifest(store, PACK));
    }
  });

  test('says before it writes how many bytes are missing', async () => {
    const store = new MemoryStore();
    store.available = async () => 100_000;
    const error = await importFile({ source: new TestSource(MODEL), store }).catch((e) => e);
    expect(error).toBeInstanceOf(StorageQuotaError);
    const whole = new MemoryStore();
    const pack = await importFile({ source: new TestSource(MODEL), store: whole });
    const sizes = [...(await whole.files(pack)).values()];
    const needed = sizes.reduce((sum, size) => sum + size);
    expect(error.details).toEqual({ needed, available: 100_000 });
    expect(error.message).toContain(`${needed - 100_000} bytes`);
    expect(await store.list()).toEqual([]);
  });

  test('says how many bytes are missing when the store is full in the middle, and resumes', async () => {
    const store = new FullStore(800_000);
    const error = await importFile({
      source: new TestSource(MODEL),
      store,
      pack: PACK,
    }).catch((e) => e);
    expect(error).toBeInstanceOf(StorageQuotaError);
    const sizes = await store.files(PACK);
    store.room = Number.POSITIVE_INFINITY;
    await importFile({ source: new TestSource(MODEL), store, pack: PACK });
    const total = [...(await store.files(PACK))].reduce((sum, [, size]) => sum + size, 0);
    const weights = [...sizes].filter(([name]) => name.endsWith('.bin'));
    expect(weights.length).toBeGreaterThan(0);
    expect(error.details.needed).toBe(total - weights.reduce((sum, [, size]) => sum + size, 0));
  });

  test('tells its progress in bytes that only grow, and every file', async () => {
    const store = new MemoryStore();
    const seen: ImportProgress[] = [];
    const pack = await importFile({
      source: new TestSource(MODEL),
      store,
      onProgress: (progress) => seen.push(progress),
    });
    const files = filesOf(await openManifest(store, pack));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const importing = seen.filter(({ phase }) => phase === 'importing');
    expect(importing.at(-1)).toMatchObject({
      file: 'head.bin',
      filesDone: files.length,
      files: files.length,
      bytesDone: bytes,
      bytes,
    });
    const done = importing.map(({ bytesDone }) => bytesDone);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(new Set(importing.map(({ file }) => file))).toEqual(
      new Set(files.map(({ name }) => name)),
    );
  });

  test('reads a file’s tensors at once, and none of them twice', async () => {
    const source = new TestSource(MODEL);
    await importFile({ source, store: new MemoryStore() });
    const data = source.reads.slice(await headerReads());
    const manifest = filesOf(await openImported());
    expect(data.length).toBe(manifest.length);
    for (const [i, [offset, length]] of data.entries()) {
      const others = data.filter((_, j) => j !== i);
      expect(others.every(([o, n]) => o + n <= offset || o >= offset + length)).toBe(true);
    }
  });
});

/** An import that fails when it reads the data of its n-th file; the error that it ends with. */
async function stopAfter(
  files: number,
  store: WeightStore,
  cause: Error = new Error('stopped'),
): Promise<Error> {
  const source = new TestSource(MODEL);
  const [at] = (await readsPerFile())[files]!;
  const header = await headerReads();
  source.beforeRead = (offset) => {
    if (source.reads.length >= header && offset === at) throw cause;
  };
  return importFile({ source, store, pack: PACK }).then(
    () => Promise.reject(new Error('the import was not stopped')),
    (error) => error,
  );
}

async function openImported() {
  const store = new MemoryStore();
  const pack = await importFile({ source: new TestSource(MODEL), store });
  return openManifest(store, pack);
}

/** How many reads the header takes. */
async function headerReads(): Promise<number> {
  const source = new TestSource(MODEL);
  await readGguf(source);
  return source.reads.length;
}

/** The one read of every file of the pack, in its order. */
async function readsPerFile(): Promise<[number, number][]> {
  const { tensors } = await readGguf(new TestSource(MODEL));
  return filesOf(await openImported()).map((file) => {
    const infos = file.tensors.map(({ name }) => tensors.get(name)!);
    const start = Math.min(...infos.map(({ offset }) => offset));
    return [start, Math.max(...infos.map(({ offset, bytes }) => offset + bytes)) - start];
  });
}

async function flipByte(store: WeightStore, file: string, at: number): Promise<void> {
  const bytes = await get(store, PACK, file);
  bytes[at]! ^= 1;
  await put(store, PACK, file, bytes);
}

/** The fixtures that no reader may accept. */
async function badFiles(): Promise<string[]> {
  const index = JSON.parse(new TextDecoder().decode(await golden('gguf-bad/index.json')));
  return index.files
    .filter(({ expect }: { expect: string }) => expect === 'error')
    .map(({ file }: { file: string }) => file);
}

/** A store that takes a number of bytes of weights, and does not say so before. */
class FullStore extends MemoryStore {
  room: number;

  constructor(room: number) {
    super();
    this.room = room;
  }

  override async create(pack: string, file: string): Promise<FileWriter> {
    const writer = await super.create(pack, file);
    if (!file.endsWith('.bin')) return writer;
    return {
      ...writer,
      write: async (bytes) => {
        if (bytes.length > this.room) {
          throw new StorageQuotaError({ needed: bytes.length, available: null });
        }
        this.room -= bytes.length;
        await writer.write(bytes);
      },
    };
  }
}
