import { expect, test } from 'vitest';
import {
  SafetensorsHeaderError,
  SafetensorsTruncatedError,
  TensorDimsError,
  TensorNameError,
  TensorOffsetError,
  TensorTypeError,
} from '../../../src/formats/errors.ts';
import { readHeader } from '../../../src/formats/safetensors/read_header.ts';
import { TestSource } from '../store/test_source.ts';
import { f32, safetensors } from './safetensors_bytes.ts';

const GOOD = { a: f32([2], 0), b: f32([2], 8) };
const withA = (fields: object) => safetensors({ ...GOOD, a: { ...GOOD.a, ...fields } }, 16);
const quoted = JSON.stringify(f32([1], 0));

const CASES = [
  ['an empty file', new Uint8Array(), SafetensorsTruncatedError],
  ['seven bytes', new Uint8Array(7), SafetensorsTruncatedError],
  ['a header of 2^60 bytes', safetensors(GOOD, 16, 1n << 60n), SafetensorsHeaderError],
  ['a header of 2^64 - 1 bytes', safetensors(GOOD, 16, (1n << 64n) - 1n), SafetensorsHeaderError],
  ['a header of 100,000,001 bytes', safetensors(GOOD, 16, 100_000_001n), SafetensorsHeaderError],
  ['a header longer than the file', safetensors(GOOD, 16, 10_000n), SafetensorsTruncatedError],
  ['a header of no bytes', safetensors('', 16), SafetensorsHeaderError],
  ['a header cut short', safetensors(GOOD, 16, 40n), SafetensorsHeaderError],
  ['a GGUF file', new TextEncoder().encode('GGUF\x03\0\0\0more of it'), SafetensorsHeaderError],
  ['an array for a header', safetensors('[]'), SafetensorsHeaderError],
  [
    'a header that is not UTF-8',
    safetensors(Uint8Array.of(0x7b, 0xff, 0x7d)),
    SafetensorsHeaderError,
  ],
  [
    'very deep nesting',
    safetensors(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`),
    SafetensorsHeaderError,
  ],
  ['a tensor twice', safetensors(`{"a":${quoted},"a":${quoted}}`, 4), SafetensorsHeaderError],
  [
    'a field twice',
    safetensors('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    SafetensorsHeaderError,
  ],
  ['metadata twice', safetensors('{"__metadata__":{},"__metadata__":{}}'), SafetensorsHeaderError],
  ['metadata that is no text', safetensors({ __metadata__: { a: 1 } }), SafetensorsHeaderError],
  ['metadata that is no object', safetensors({ __metadata__: null }), SafetensorsHeaderError],
  ['a tensor that is no object', safetensors({ a: 'F32' }), SafetensorsHeaderError],
  ['a tensor without its shape', withA({ shape: undefined }), SafetensorsHeaderError],
  ['a tensor with another field', withA({ strides: [1] }), SafetensorsHeaderError],
  ['a dtype that is a number', withA({ dtype: 0 }), SafetensorsHeaderError],
  ['a negative length', withA({ shape: [-2] }), SafetensorsHeaderError],
  ['a fractional length', withA({ shape: [1.5] }), SafetensorsHeaderError],
  ['an offset beyond 2^53', withA({ data_offsets: [0, 2 ** 60] }), SafetensorsHeaderError],
  [
    'an offset that is no number',
    safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[NaN,4]}}', 4),
    SafetensorsHeaderError,
  ],
  ['an offset of null', withA({ data_offsets: [null, 8] }), SafetensorsHeaderError],
  ['three offsets', withA({ data_offsets: [0, 8, 8] }), SafetensorsHeaderError],
  ['no name', safetensors({ '': f32([1], 0) }, 4), TensorNameError],
  ['an unknown dtype', withA({ dtype: 'F33' }), TensorTypeError],
  ['integers', withA({ dtype: 'I64', shape: [1] }), TensorTypeError],
  ['float8', withA({ dtype: 'F8_E4M3', shape: [8] }), TensorTypeError],
  ['a dtype of another size', withA({ dtype: 'F16' }), TensorDimsError],
  ['a shape of another size', withA({ shape: [3] }), TensorDimsError],
  ['a shape that overflows', withA({ shape: [2 ** 40, 2 ** 40] }), TensorDimsError],
  [
    'a shape that overflows to the right size',
    withA({ shape: [2 ** 33, 2 ** 31, 2] }),
    TensorDimsError,
  ],
  ['a shape without values', withA({ shape: [0], data_offsets: [0, 0] }), TensorDimsError],
  ['nine dims', withA({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] }), TensorDimsError],
  ['an end before its start', withA({ data_offsets: [8, 0] }), TensorOffsetError],
  ['ranges that overlap', safetensors({ a: f32([2], 0), b: f32([2], 4) }, 16), TensorOffsetError],
  ['the same range twice', safetensors({ a: f32([2], 0), b: f32([2], 0) }, 16), TensorOffsetError],
  ['a range past the end', safetensors(GOOD, 15), SafetensorsTruncatedError],
  [
    'a range far past the end',
    withA({ data_offsets: [2 ** 50, 2 ** 50 + 8] }),
    SafetensorsTruncatedError,
  ],
] as const;

test.each(CASES)('%s is refused', async (_, bytes, expected) => {
  const source = new TestSource(bytes, 'model.safetensors');
  const error = await readHeader(source).catch((error) => error);
  expect(error).toBeInstanceOf(expected);
  expect(error.message).toContain('model.safetensors');
  expect(error.message.length).toBeLessThan(1000);
  const read = source.reads.reduce((sum, [, length]) => sum + length, 0);
  expect(read).toBeLessThanOrEqual(bytes.length);
});

test('a dtype that Lamina does not read is named', async () => {
  const source = new TestSource(withA({ dtype: 'F8_E4M3', shape: [8] }), 'model.safetensors');
  await expect(readHeader(source)).rejects.toThrow(
    'the type of "a" is "F8_E4M3". Choose a file of the same model with F32, F16 and BF16 tensors only.',
  );
});

test('names of JavaScript’s own objects are names like others', async () => {
  const file = safetensors(
    `{"__proto__":${quoted},"constructor":${JSON.stringify(f32([1], 4))}}`,
    8,
  );
  const { tensors } = await readHeader(new TestSource(file, 'model.safetensors'));
  expect([...tensors.keys()]).toEqual(['__proto__', 'constructor']);
});
