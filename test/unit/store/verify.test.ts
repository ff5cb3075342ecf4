import { createHash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { PackCorruptedError } from '../../../src/store/errors.ts';
import type { Manifest } from '../../../src/store/manifest.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { filesOf } from '../../../src/store/open_pack.ts';
import type { ImportProgress } from '../../../src/store/progress.ts';
import { createSha256 } from '../../../src/store/sha256.ts';
import { verifyPack } from '../../../src/store/verify.ts';
import { manifestFixture } from './manifest_fixture.ts';
import { get, pattern, put } from './weight_store_suite.ts';

const store = new MemoryStore();
let manifest: Manifest;

beforeEach(async () => {
  manifest = manifestFixture();
  for (const file of filesOf(manifest)) {
    const bytes = pattern(file.bytes);
    await put(store, 'pack', file.name, bytes);
    (file as { sha256: string }).sha256 = sha256(bytes);
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
      { file: 'embedding.bin', expected: manifest.embedding.sha256, actual: null },
      { file: 'layer-001.bin', expected: manifest.layers[1]!.sha256, actual: sha256(layer) },
      { file: 'head.bin', expected: manifest.head.sha256, actual: null },
    ],
    layers: [1],
  });
  expect(error.message).toMatchInlineSnapshot(
    `"Pack "pack" is damaged and was not loaded: layer 1, embedding.bin, head.bin. Import the same model again: only the damaged files are read."`,
  );
});

test('a file that the store cannot read to its end is damaged', async () => {
  const stored = await store.open('pack', 'layer-000.bin');
  const open = store.open.bind(store);
  store.open = async (pack, file) =>
    file === 'layer-000.bin' ? { ...stored, size: stored.size + 256 } : open(pack, file);
  const error = await verifyPack(store, 'pack', manifest).catch((e) => e);
  store.open = open;
  expect(error.details.files).toEqual([
    { file: 'layer-000.bin', expected: manifest.layers[0]!.sha256, actual: null },
  ]);
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

test.each([0, 1, 1000, 64 * 2 ** 20 + 1])(
  'the hash of %i bytes in pieces is that of the whole',
  async (length) => {
    const bytes = pattern(length);
    const hash = createSha256(length);
    for (let at = 0; at < length; at += 7_000_001) hash.update(bytes.subarray(at, at + 7_000_001));
    expect(await hash.digest()).toBe(sha256(bytes));
  },
);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
