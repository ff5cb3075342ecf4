import { expect, test } from 'vitest';
import { readRates, readRing, recall, remember } from '../../../src/plan/records.ts';
import { RATES } from './rates_fixture.ts';

function memory(entries: Record<string, string> = {}) {
  const texts = new Map(Object.entries(entries));
  return {
    texts,
    read: async (name: string) => texts.get(name) ?? null,
    write: async (name: string, text: string) => void texts.set(name, text),
  };
}

test('what is remembered is recalled, and nothing where nothing was', async () => {
  const records = memory();
  await remember(records, 'model', RATES);
  expect(await recall(records, 'model', readRates)).toEqual(RATES);
  await remember(records, 'ring', { pieces: 3, piece_bytes: 4096 });
  expect(await recall(records, 'ring', readRing)).toEqual({ pieces: 3, piece_bytes: 4096 });
  expect(await recall(records, 'other', readRates)).toBeNull();
});

const good = { version: 2, value: RATES };
test.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...good, version: 1 })],
  ['no version', JSON.stringify({ value: RATES })],
  ['a missing field', JSON.stringify({ ...good, value: { ...RATES, slowdown: undefined } })],
  ['a negative time', JSON.stringify({ ...good, value: { ...RATES, head_seconds: -1 } })],
  ['no rate', JSON.stringify({ ...good, value: { ...RATES, bytes_per_second: 0 } })],
  ['a time that is no number', JSON.stringify({ ...good, value: { ...RATES, row_seconds: '1' } })],
  ['no chunks', JSON.stringify({ ...good, value: { ...RATES, chunks: [] } })],
  [
    'a chunk of another version',
    JSON.stringify({
      ...good,
      value: { ...RATES, chunks: [{ tokens: 1, layer_seconds: 1 }] },
    }),
  ],
  ['a chunk of nothing', JSON.stringify({ ...good, value: { ...RATES, chunks: [{ tokens: 0 }] } })],
])('a record with %s is as good as none', async (_, text) => {
  expect(await recall(memory({ model: text }), 'model', readRates)).toBeNull();
});

test.each([{ pieces: 0, piece_bytes: 4096 }, { pieces: 3, piece_bytes: 4097 }, { pieces: 3 }])(
  'a ring of %j is as good as none',
  async (value) => {
    const text = JSON.stringify({ version: 2, value });
    expect(await recall(memory({ ring: text }), 'ring', readRing)).toBeNull();
  },
);

test('a store that fails is not taken for an empty one', async () => {
  const records = { ...memory(), read: () => Promise.reject(new Error('disk')) };
  await expect(recall(records, 'model', readRates)).rejects.toThrow('disk');
});
