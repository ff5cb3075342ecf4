import { expect, test } from 'vitest';
import {
  SourceRangeError,
  SourceReadError,
  SourceTruncatedError,
} from '../../../src/formats/errors.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openBlobSource } from '../../../src/formats/sources/blob_source.ts';
import { golden } from '../store/golden.ts';

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i);

test('a blob is read by range', async () => {
  const source = openBlobSource(new Blob([BYTES]), 'a.gguf');
  expect(source).toMatchObject({ name: 'a.gguf', size: 1000 });
  expect(await source.read(10, 20)).toEqual(BYTES.subarray(10, 30));
  expect(await source.read(0, 1000)).toEqual(BYTES);
  expect(await source.read(1000, 0)).toEqual(new Uint8Array(0));
});

test('a file of another time or size has another version', () => {
  const version = (bytes: Uint8Array<ArrayBuffer>, lastModified: number) =>
    openBlobSource(new File([bytes], 'a', { lastModified }), 'a').version;
  const versions = [version(BYTES, 1), version(BYTES, 2), version(BYTES.slice(1), 1)];
  expect(new Set(versions).size).toBe(3);
  expect(version(BYTES, 1)).toBe(versions[0]);
});

test.each([
  [999, 2],
  [-1, 1],
  [0, 1.5],
])('a read at %d for %d bytes is refused', async (offset, length) => {
  const source = openBlobSource(new Blob([BYTES]), 'a');
  await expect(source.read(offset, length)).rejects.toThrow(SourceRangeError);
});

test('a file that the browser will not read any more is an error with its reason', async () => {
  const blob = new Blob([BYTES]);
  const cause = new DOMException('it has changed', 'NotReadableError');
  blob.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(cause) });
  const error = await openBlobSource(blob, 'a')
    .read(0, 10)
    .catch((e) => e);
  expect(error).toBeInstanceOf(SourceReadError);
  expect(error.message).toContain('NotReadableError: it has changed');
  expect(error.cause).toBe(cause);
});

test('a blob that gives fewer bytes than it has is an error', async () => {
  const blob = new Blob([BYTES]);
  blob.slice = () => new Blob([BYTES.subarray(0, 3)]);
  const error = await openBlobSource(blob, 'a')
    .read(5, 10)
    .catch((e) => e);
  expect(error).toBeInstanceOf(SourceTruncatedError);
  expect(error.details).toEqual({ source: 'a', offset: 5, expected: 10, received: 3 });
});

test('a read ends with the reason of its signal', async () => {
  const source = openBlobSource(new Blob([BYTES]), 'a');
  const abort = new AbortController();
  const reason = new Error('enough');
  const reading = source.read(0, 10, abort.signal);
  abort.abort(reason);
  await expect(reading).rejects.toBe(reason);
  await expect(source.read(0, 10, abort.signal)).rejects.toBe(reason);
});

test('a GGUF file that a person chose reads as the one on disk', async () => {
  const file = new File([await golden('gguf/llama-q4_1.gguf')], 'llama.gguf');
  const { tensors } = await readGguf(openBlobSource(file, file.name));
  expect(tensors.size).toBe(21);
});
