import { expect, test } from 'vitest';
import { checkNames } from '../../../src/store/names.ts';
import { packId } from '../../../src/store/pack_id.ts';

const source = (name: string, size = 98_362_432, version = '"b179c952"') => ({
  name,
  size,
  version,
});

test.each([
  ['SmolLM2-135M-Instruct.Q4_1.gguf', 'smollm2-135m-instruct.q4_1'],
  ['https://example.org/models/My%20Model.gguf?download=true#top', 'my-20model'],
  ['C:\\models\\Model.GGUF', 'model'],
  ['../../..', 'model'],
  ['模型.gguf', 'model'],
  ['', 'model'],
])('the pack of %j begins with %s', async (name, slug) => {
  expect(await packId(source(name))).toMatch(
    new RegExp(`^${slug.replaceAll('.', '\\.')}-[0-9a-f]{8}$`),
  );
});

test('the id stays the same from one visit to the next', async () => {
  expect(await packId(source('SmolLM2-135M-Instruct.Q4_1.gguf'))).toMatchInlineSnapshot(
    `"smollm2-135m-instruct.q4_1-1dbf6e6c"`,
  );
});

test('another name, size or version gives another id', async () => {
  const ids = await Promise.all([
    packId(source('a.gguf')),
    packId(source('https://example.org/a.gguf')),
    packId(source('a.gguf', 1)),
    packId(source('a.gguf', 98_362_432, '2')),
  ]);
  expect(new Set(ids).size).toBe(4);
});

test('every id is a name that stores take', async () => {
  for (const name of ['a'.repeat(5000), '.part', 'a.part', '-', '\0', 'a\nb']) {
    const id = await packId(source(name));
    expect(() => checkNames(id)).not.toThrow();
  }
});
