import { expect, test } from 'vitest';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { type GgufValue, writeGgufHeader } from '../../../src/formats/gguf/write_gguf.ts';
import { TestSource } from '../store/test_source.ts';
import { placed } from './placed.ts';

const METADATA: Readonly<Record<string, GgufValue>> = {
  'general.name': { type: 'string', value: 'Ünï 世 🦙' },
  empty: { type: 'string', value: '' },
  count: { type: 'uint32', value: 2 ** 32 - 1 },
  below: { type: 'int32', value: -7 },
  half: { type: 'float32', value: 0.5 },
  yes: { type: 'bool', value: true },
  no: { type: 'bool', value: false },
  words: { type: 'array', of: 'string', value: ['Ġa', '', '世'] },
  numbers: { type: 'array', of: 'int32', value: [-1, 0, 2 ** 31 - 1] },
  nothing: { type: 'array', of: 'string', value: [] },
};

const TENSORS = [
  { name: 'norm', type: 'F32', shape: [3] },
  { name: 'matrix', type: 'Q4_0', shape: [5, 64] },
  { name: 'halves', type: 'F16', shape: [2, 7] },
] as const;

/** The file with zeros for weights. */
function wholeFile({ bytes, size }: { bytes: Uint8Array; size: number }): TestSource {
  const file = new Uint8Array(size);
  file.set(bytes);
  return new TestSource(file);
}

test('what is written is what is read', async () => {
  const header = writeGgufHeader(METADATA, TENSORS);
  const { metadata, tensors } = await readGguf(wholeFile(header));
  expect([...metadata]).toEqual(Object.entries(METADATA).map(([key, { value }]) => [key, value]));
  expect(placed(tensors)).toEqual(header.tensors);
});

test('each tensor begins at a multiple of 32 where the padded one before it ends, and so does the file', () => {
  const { bytes, tensors, size } = writeGgufHeader(METADATA, TENSORS);
  const start = bytes.length;
  expect(start % 32).toBe(0);
  expect(tensors).toEqual([
    { name: 'norm', type: 'F32', shape: [3], offset: start, bytes: 12 },
    { name: 'matrix', type: 'Q4_0', shape: [5, 64], offset: start + 32, bytes: 180 },
    { name: 'halves', type: 'F16', shape: [2, 7], offset: start + 32 + 192, bytes: 28 },
  ]);
  expect(size).toBe(start + 32 + 192 + 32);
});

test('a header of megabytes is written whole', async () => {
  const value = Array.from({ length: 200_000 }, (_, i) => `token ${i}`);
  const header = writeGgufHeader({ tokens: { type: 'array', of: 'string', value } }, []);
  const { metadata } = await readGguf(wholeFile(header));
  expect(metadata.get('tokens')).toEqual(value);
});
