import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  ArchiveError,
  ImportCancelledError,
  ManifestInvalidError,
  PackCorruptedError,
  PackExistsError,
  PackIncompleteError,
  StorageQuotaError,
  StoreNameError,
} from '../../../src/store/errors.ts';
import { exportPack } from '../../../src/store/export_pack.ts';
import { importArchive } from '../../../src/store/import_archive.ts';
import { listPacks } from '../../../src/store/list_packs.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { openManifest } from '../../../src/store/open_pack.ts';
import { parseTarHeader, tarHeader } from '../../../src/store/tar.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import { golden } from './golden.ts';
import { importFile } from './import_file.ts';
import { TestSource } from './test_source.ts';
import { get } from './weight_store_suite.ts';

const STORE = new MemoryStore();
const PACK = await importFile({
  source: new TestSource(await golden('gguf/llama-q4_1.gguf'), 'model.gguf'),
  store: STORE,
});
const { size, parts } = await exportPack(STORE, PACK);
const ARCHIVE = await together(parts);

async function together(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const copies: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of parts) copies.push(new Uint8Array(part));
  return new Uint8Array(await new Blob(copies).arrayBuffer());
}

function archive(change: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined): TestSource {
  const bytes = ARCHIVE.slice();
  change(bytes);
  return new TestSource(bytes, 'model.tar');
}

/** Where the archive's second file begins: the embedding's header. */
const SECOND = 512 + Math.ceil((await STORE.files(PACK)).get('manifest.json')! / 512) * 512;

describe('an exported pack', () => {
  test('is a tar archive of the size that was said, its manifest first', () => {
    expect(ARCHIVE.length).toBe(size);
    const listed = execFileSync('tar', ['-tf', '-'], { input: ARCHIVE, encoding: 'utf8' });
    expect(listed.trim().split('\n')).toEqual(
      ['manifest.json', 'embedding.bin', 'layer-000.bin', 'layer-001.bin', 'head.bin'].map(
        (name) => `${PACK}/${name}`,
      ),
    );
    const embedding = execFileSync('tar', ['-xOf', '-', `${PACK}/embedding.bin`], {
      input: ARCHIVE,
      maxBuffer: 2 ** 24,
    });
    expect(
      Buffer.compare(embedding, ARCHIVE.subarray(SECOND + 512, SECOND + 512 + embedding.length)),
    ).toBe(0);
  });

  test('becomes the same pack elsewhere, byte for byte', async () => {
    const store = new MemoryStore();
    expect(await importArchive({ archive: archive(), store })).toBe(PACK);
    expect(await store.files(PACK)).toEqual(await STORE.files(PACK));
    for (const name of (await store.files(PACK)).keys()) {
      const bytes = await get(store, PACK, name);
      expect(Buffer.compare(bytes, await get(STORE, PACK, name)), name).toBe(0);
    }
    await verifyPack(store, PACK, await openManifest(store, PACK));
  });

  test('is not made of an import that has not ended', async () => {
    const store = new MemoryStore();
    const writer = await store.create('half', 'embedding.bin');
    await writer.write(new Uint8Array(1));
    await writer.commit();
    await expect(exportPack(store, 'half')).rejects.toThrow(PackIncompleteError);
  });

  test('takes the place of an import that has not ended, and of nothing else', async () => {
    const store = new MemoryStore();
    const writer = await store.create(PACK, 'old.bin');
    await writer.write(new Uint8Array(1));
    await writer.commit();
    await importArchive({ archive: archive(), store });
    expect(await store.files(PACK)).toEqual(await STORE.files(PACK));
    await expect(importArchive({ archive: archive(), store })).rejects.toThrow(PackExistsError);
    await verifyPack(store, PACK, await openManifest(store, PACK));
  });
});

describe('nothing is left of', () => {
  const flip = (at: number) => (bytes: Uint8Array) => {
    bytes[at]! ^= 1;
  };
  const rename = (name: string) => (bytes: Uint8Array) => {
    bytes.set(tarHeader({ ...parseTarHeader(bytes.subarray(0, 512))!, folder: name }));
  };
  test.each([
    {
      fault: 'another kind of file',
      source: new TestSource(new Uint8Array(4096)),
      error: ArchiveError,
    },
    { fault: 'a short file', source: new TestSource(new Uint8Array(100)), error: ArchiveError },
    {
      fault: 'an archive with a flipped bit in a file',
      source: archive(flip(SECOND + 600)),
      error: PackCorruptedError,
    },
    {
      fault: 'an archive with a flipped bit in a header',
      source: archive(flip(SECOND + 1)),
      error: ArchiveError,
    },
    {
      fault: 'an archive with a broken manifest',
      source: archive(flip(512)),
      error: ManifestInvalidError,
    },
    {
      fault: 'an archive that leads out of the store',
      source: archive(rename('../x')),
      error: StoreNameError,
    },
    { fault: 'an archive for another pack', source: archive(rename('other')), error: ArchiveError },
    {
      fault: 'an archive cut short',
      source: new TestSource(ARCHIVE.slice(0, -3000)),
      error: ArchiveError,
    },
  ])('$fault', async ({ source, error }) => {
    const store = new MemoryStore();
    await expect(importArchive({ archive: source, store })).rejects.toThrow(error);
    expect(await listPacks(store)).toEqual([]);
  });

  test('an archive for which there is no room', async () => {
    const store = new MemoryStore();
    store.available = async () => size - 1;
    await expect(importArchive({ archive: archive(), store })).rejects.toThrow(StorageQuotaError);
    expect(await store.list()).toEqual([]);
  });

  test('an import that is cancelled', async () => {
    const store = new MemoryStore();
    const cancel = new AbortController();
    const onProgress = ({ filesDone }: { filesDone: number }) => {
      if (filesDone === 2) cancel.abort();
    };
    await expect(
      importArchive({ archive: archive(), store, onProgress, signal: cancel.signal }),
    ).rejects.toThrow(ImportCancelledError);
    expect(await store.list()).toEqual([]);
  });
});

test.each([0, 511, 8 ** 11 - 1, 8 ** 11, 2 ** 50])('a file may have %i bytes', (size) => {
  const entry = { folder: 'a'.repeat(128), name: 'layer-000.bin', size };
  expect(parseTarHeader(tarHeader(entry))).toEqual(entry);
});
