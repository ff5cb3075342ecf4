import { expect, test } from 'vitest';
import { parseByteRange } from '../../../scripts/server/byte_range.js';

test.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=0-99', { first: 0, last: 99 }],
  ['bytes=10-', { first: 10, last: 99 }],
  ['bytes=99-1000', { first: 99, last: 99 }],
  ['bytes=-1', { first: 99, last: 99 }],
  ['bytes=-1000', { first: 0, last: 99 }],
  ['Bytes=5-6', { first: 5, last: 6 }],
  ['bytes=0-99999999999999999999', { first: 0, last: 99 }],
])('%s of 100 bytes is a part', (header, range) => {
  expect(parseByteRange(header, 100)).toEqual(range);
});

test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=99999999999999999999-'])(
  '%s of 100 bytes cannot be had',
  (header) => {
    expect(parseByteRange(header, 100)).toBe('unsatisfiable');
  },
);

test.each([
  undefined,
  '',
  'bytes=',
  'bytes=-',
  'bytes=6-5',
  'bytes=0-1,4-5',
  'bytes=a-b',
  'lines=0-1',
])('%s means all of it', (header) => {
  expect(parseByteRange(header, 100)).toBe(null);
});

test('of no bytes there is no part', () => {
  expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
  expect(parseByteRange('bytes=-5', 0)).toBe('unsatisfiable');
});
