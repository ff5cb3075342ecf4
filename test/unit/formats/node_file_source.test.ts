import { appendFile, mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  SourceModifiedError,
  SourceNotFoundError,
  SourceRangeError,
  SourceReadError,
} from '../../../src/formats/errors.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openNodeFileSource } from '../../../src/formats/sources/node_file_source.ts';

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-source-'));
  path = join(folder, 'model.gguf');
  await writeFile(path, BYTES);
});
afterEach(() => rm(folder, { recursive: true }));

test('a file is read by range, and called by its name without the folder', async () => {
  const source = await openNodeFileSource(path);
  expect(source).toMatchObject({ name: 'model.gguf', size: 1000 });
  expect(await source.read(10, 20)).toEqual(BYTES.subarray(10, 30));
  expect(await source.read(0, 1000)).toEqual(BYTES);
  expect(await source.read(1000, 0)).toEqual(new Uint8Array(0));
  await source.close();
});

test('reads may overlap in time', async () => {
  const source = await openNodeFileSource(path);
  const reads = Array.from({ length: 50 }, (_, i) => source.read(i * 10, 100));
  for (const [i, bytes] of (await Promise.all(reads)).entries()) {
    expect(bytes).toEqual(BYTES.subarray(i * 10, i * 10 + 100));
  }
  await source.close();
});

test('the version is the same until the file is written again', async () => {
  const versions: string[] = [];
  const note = async () => {
    const source = await openNodeFileSource(path);
    versions.push(source.version);
    await source.close();
  };
  await note();
  await note();
  await utimes(path, 1, 1);
  await note();
  await appendFile(path, 'x');
  await utimes(path, 1, 1);
  await note();
  expect(versions[1]).toBe(versions[0]);
  expect(new Set(versions).size).toBe(3);
});

test.each([
  [999, 2],
  [-1, 1],
  [0, 1.5],
])('a read at %d for %d bytes is refused', async (offset, length) => {
  const source = await openNodeFileSource(path);
  await expect(source.read(offset, length)).rejects.toThrow(SourceRangeError);
  await source.close();
});

test('a path to nothing is an error with the whole path', async () => {
  const missing = join(folder, 'other.gguf');
  const error = await openNodeFileSource(missing).catch((e) => e);
  expect(error).toBeInstanceOf(SourceNotFoundError);
  expect(error.message).toContain(missing);
});

test('a folder is not a file', async () => {
  const error = await openNodeFileSource(folder).catch((e) => e);
  expect(error).toBeInstanceOf(SourceReadError);
  expect(error.message).toContain('it is not a file');
});

test.each([
  ['is written to', () => appendFile(path, 'more')],
  ['gets shorter', () => truncate(path, 500)],
])('a file that %s while it is open is noticed at the next read', async (_, change) => {
  const source = await openNodeFileSource(path);
  await change();
  await expect(source.read(900, 50)).rejects.toThrow(SourceModifiedError);
  await source.close();
});

test('another file under the same name does not disturb the open one', async () => {
  const source = await openNodeFileSource(path);
  const other = join(folder, 'new');
  await writeFile(other, new Uint8Array(1000));
  await rename(other, path);
  expect(await source.read(0, 1000)).toEqual(BYTES);
  await source.close();
});

test('a closed file cannot be read, and may be closed again', async () => {
  const source = await openNodeFileSource(path);
  await source.close();
  await source.close();
  await expect(source.read(0, 10)).rejects.toThrow(SourceReadError);
});

test('a read ends with the reason of its signal', async () => {
  const source = await openNodeFileSource(path);
  const abort = new AbortController();
  const reason = new Error('enough');
  const reading = source.read(0, 10, abort.signal);
  abort.abort(reason);
  await expect(reading).rejects.toBe(reason);
  await expect(source.read(0, 10, abort.signal)).rejects.toBe(reason);
  await source.close();
});

test('a GGUF file on disk has its tensors', async () => {
  const golden = new URL('../../golden/gguf/llama-q4_1.gguf', import.meta.url);
  const source = await openNodeFileSource(fileURLToPath(golden));
  expect((await readGguf(source)).tensors.size).toBe(21);
  await source.close();
});
