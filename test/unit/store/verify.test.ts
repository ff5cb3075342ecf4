import { beforeEach, describe, expect, test, vi } from 'vitest';
import { PackCorruptedError } from '../../../src/store/errors.ts';
import { type Manifest, PIECE_BYTES } from '../../../src/store/manifest.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { filesOf } from '../../../src/store/open_pack.ts';
import type { ImportProgress } from '../../../src/store/progress.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import { manifestFixture } from './manifest_fixture.ts';
import { piecesOf } from './piece_hashes.ts';
import { get, pattern, put } from './weight_store_suite.ts';

const store = new MemoryStore();
let manifest: Manifest;

beforeEach(async () => {
  manifest = manifestFixture();
  for (const file of filesOf(manifest)) {
    const bytes = pattern(file.bytes);
    await put(store, 'pack', file.name, bytes);
    Object.assign(file, { pieces: piecesOf(bytes) });
  }
});

test('a whole pack passes', async () => {
  await expect(verifyPack(store, 'pack', manifest)).resolves.toBeUndefined();
});

test('all damaged files are named at once: a flipped bit, a missing and a short file', async () => {
  const layer = await get(store, 'pack', 'layer-001.bin');
  layer[layer.length - 1]! ^= 0x80;
  await put(store, 'pack', 'layer-001.bin', layer);
  await store.remove('pack', 'embedding.bin');
  await put(store, 'pack', 'head.bin', pattern(manifest.head.bytes - 1));

  const error = await verifyPack(store, 'pack', manifest).catch((e) => e);
  expect(error).toBeInstanceOf(PackCorruptedError);
  expect(error.details).toEqual({
    pack: 'pack',
    files: [
      { file: 'embedding.bin', pieces: null },
      { file: 'layer-001.bin', pieces: [0] },
      { file: 'head.bin', pieces: null },
    ],
    layers: [1],
  });
  expect(error.message).toMatchInlineSnapshot(
    `"Pack "pack" is damaged and was not loaded: layer 1, embedding.bin, head.bin. Import the same model again: only the damaged files are read."`,
  );
});

test('a file that the store cannot read to its end is damaged', async () => {
  await put(store, 'pack', 'layer-000.bin', pattern(manifest.layers[0]!.bytes - 256));
  const sizes = new Map(filesOf(manifest).map(({ name, bytes }) => [name, bytes]));
  const files = vi.spyOn(store, 'files').mockResolvedValue(sizes);
  const error = await verifyPack(store, 'pack', manifest).catch((e) => e);
  files.mockRestore();
  expect(error.details.files).toEqual([{ file: 'layer-000.bin', pieces: null }]);
});

test('progress ends with all files and all bytes', async () => {
  const seen: ImportProgress[] = [];
  await verifyPack(store, 'pack', manifest, (progress) => seen.push(progress));
  const bytes = filesOf(manifest).reduce((sum, file) => sum + file.bytes, 0);
  expect(seen.at(-1)).toEqual({
    phase: 'verifying',
    file: 'head.bin',
    filesDone: 4,
    files: 4,
    bytesDone: bytes,
    bytes,
  });
});

test('an abort ends it with the signal’s reason', async () => {
  const reason = new Error('not now');
  const verifying = verifyPack(store, 'pack', manifest, undefined, AbortSignal.abort(reason));
  await expect(verifying).rejects.toBe(reason);
});

describe('files of many pieces', () => {
  const LENGTH = 5 * PIECE_BYTES + 1000;

  beforeEach(async () => {
    const bytes = pattern(LENGTH);
    for (const file of manifest.layers) {
      Object.assign(file, { bytes: LENGTH, pieces: piecesOf(bytes) });
      await put(store, 'pack', file.name, bytes);
    }
  });

  test('pass when every piece is right', async () => {
    await expect(verifyPack(store, 'pack', manifest)).resolves.toBeUndefined();
  });

  test('are damaged where a bit has flipped, in the first, a middle or the last piece', async () => {
    const bytes = pattern(LENGTH);
    for (const at of [0, 3 * PIECE_BYTES - 1, 3 * PIECE_BYTES, LENGTH - 1]) bytes[at]! ^= 1;
    await put(store, 'pack', 'layer-001.bin', bytes);
    const error = await verifyPack(store, 'pack', manifest).catch((e) => e);
    expect(error.details).toEqual({
      pack: 'pack',
      files: [{ file: 'layer-001.bin', pieces: [0, 2, 3, 5] }],
      layers: [1],
    });
  });

  test('are damaged when two right pieces have changed places', async () => {
    const bytes = pattern(LENGTH);
    const first = bytes.slice(0, PIECE_BYTES);
    bytes.copyWithin(0, PIECE_BYTES, 2 * PIECE_BYTES);
    bytes.set(first, PIECE_BYTES);
    await put(store, 'pack', 'layer-000.bin', bytes);
    const error = await verifyPack(store, 'pack', manifest).catch((e) => e);
    expect(error.details.files).toEqual([{ file: 'layer-000.bin', pieces: [0, 1] }]);
  });

  test('count only as far as they are whole', async () => {
    const bytes = pattern(LENGTH);
    bytes[LENGTH - 1]! ^= 1;
    await put(store, 'pack', 'layer-000.bin', bytes);
    const seen: ImportProgress[] = [];
    await verifyPack(store, 'pack', manifest, (progress) => seen.push(progress)).catch(() => null);
    const { embedding, head } = manifest;
    expect(seen.at(-1)).toMatchObject({
      filesDone: 3,
      bytesDone: embedding.bytes + LENGTH + head.bytes,
    });
  });

  test('are read no further once the signal says so, and all that was opened is closed', async () => {
    const cancel = new AbortController();
    const reason = new Error('not now');
    const open = store.open.bind(store);
    let reads = 0;
    let opened = 0;
    store.open = async (pack, name) => {
      const file = await open(pack, name);
      opened += 1;
      return {
        ...file,
        read(into, at) {
          reads += 1;
          if (name === 'layer-000.bin') cancel.abort(reason);
          return file.read(into, at);
        },
        close() {
          opened -= 1;
        },
      };
    };
    const verifying = verifyPack(store, 'pack', manifest, undefined, cancel.signal);
    await expect(verifying).rejects.toBe(reason);
    store.open = open;
    expect(reads).toBe(2);
    expect(opened).toBe(0);
  });
});
