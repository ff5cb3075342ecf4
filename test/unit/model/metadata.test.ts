import { describe, expect, test } from 'vitest';
import type { MetadataValue } from '../../../src/formats/checkpoint.ts';
import { InvalidMetadataError, MissingMetadataError } from '../../../src/model/errors.ts';
import { Metadata } from '../../../src/model/metadata.ts';
import { checkpointOf } from './fixtures.ts';

const of = (key: MetadataValue) => new Metadata(checkpointOf({ key }));

/** Each reader, a value that it takes, and values that it must refuse. */
const READERS: readonly {
  name: string;
  read: (metadata: Metadata) => unknown;
  good: MetadataValue;
  bad: readonly MetadataValue[];
}[] = [
  {
    name: 'integer',
    read: (metadata) => metadata.integer('key', 1, 10),
    good: 10,
    bad: [0, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -1, 2n ** 60n, '5', true, [5]],
  },
  {
    name: 'positive',
    read: (metadata) => metadata.positive('key'),
    good: 1e-5,
    bad: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, [1]],
  },
  { name: 'string', read: (m) => m.string('key'), good: '', bad: [1, true, ['a'], 5n] },
  { name: 'boolean', read: (m) => m.boolean('key'), good: false, bad: [0, 1, 'true', [true]] },
  {
    name: 'strings',
    read: (m) => m.strings('key'),
    good: ['a', ''],
    bad: ['a', ['a', 1], [['a']]],
  },
  {
    name: 'integers',
    read: (metadata) => metadata.integers('key', 0, 6),
    good: [0, 6],
    bad: [3, [7], [-1], [0.5], ['1'], [1n]],
  },
];

describe.each(READERS)('$name', ({ read, good, bad }) => {
  test('gives a value that is right', () => {
    expect(read(of(good))).toEqual(good);
  });

  test.each(bad.map((value) => ({ value })))('refuses $value', ({ value }) => {
    expect(() => read(of(value))).toThrow(InvalidMetadataError);
    expect(() => read(of(value))).toThrow(/model\.gguf.*"key"/);
  });

  test('names the key that is missing', () => {
    const nothing = new Metadata(checkpointOf({}));
    expect(() => read(nothing)).toThrow(MissingMetadataError);
    expect(() => read(nothing)).toThrow(/"key"/);
  });
});

test('a missing key may have a default, a wrong value never', () => {
  const nothing = new Metadata(checkpointOf({}));
  expect(nothing.integer('key', 0, 10, null)).toBe(null);
  expect(nothing.boolean('key', false)).toBe(false);
  expect(() => of('x').integer('key', 0, 10, null)).toThrow(InvalidMetadataError);
});

test('a hostile value does not fill the message', () => {
  const error = (() => {
    try {
      return of('\u0007'.repeat(1000)).integer('key', 0, 1);
    } catch (thrown) {
      return thrown;
    }
  })() as InvalidMetadataError;
  expect(error.message.length).toBeLessThan(300);
  expect(error.message).not.toContain('\u0007');
});
