import { describe, expect, test } from 'vitest';
import { fetchCatalogue, parseCatalogue } from '../../../src/app/catalogue.ts';
import { CatalogueError } from '../../../src/app/errors.ts';

const PAGE = 'https://example.org/lamina/index.html';
const URL = 'https://example.org/lamina/models.json';
const ENTRY = {
  id: 'smollm2',
  name: 'SmolLM2',
  url: 'models/smollm2.gguf',
  bytes: 98_362_432,
  license: 'Apache-2.0',
  description: 'Small.',
};

describe('the list of models', () => {
  test('is beside the page, and so are its files', async () => {
    const asked: string[] = [];
    const models = await fetchCatalogue(PAGE, async (url) => {
      asked.push(url);
      return Response.json({ models: [ENTRY, { ...ENTRY, url: 'https://hub.example/x.gguf' }] });
    });
    expect(asked).toEqual([URL]);
    expect(models.map(({ url }) => url)).toEqual([
      'https://example.org/lamina/models/smollm2.gguf',
      'https://hub.example/x.gguf',
    ]);
  });

  test('may have fields of later versions', () => {
    const [model] = parseCatalogue({ models: [{ ...ENTRY, tags: ['new'] }] }, URL, PAGE);
    expect(model).toEqual({ ...ENTRY, url: 'https://example.org/lamina/models/smollm2.gguf' });
  });

  test.each([
    ['is no object', 7, 'no list'],
    ['is null', null, 'no list'],
    ['has no models', {}, 'no list'],
    ['has an entry that is null', { models: [null] }, 'models[0].bytes'],
    ['has a name that is no text', { models: [ENTRY, { ...ENTRY, name: 7 }] }, 'models[1].name'],
    ['has an empty licence', { models: [{ ...ENTRY, license: '' }] }, 'models[0].license'],
    ['has half a byte', { models: [{ ...ENTRY, bytes: 0.5 }] }, 'models[0].bytes'],
    ['has bytes as text', { models: [{ ...ENTRY, bytes: '98' }] }, 'models[0].bytes'],
    ['has no bytes', { models: [{ ...ENTRY, bytes: 0 }] }, 'models[0].bytes'],
    ['has no address', { models: [{ ...ENTRY, url: 'http://' }] }, 'models[0].url'],
  ])('that %s is refused, and the field named', (_, json, reason) => {
    expect(() => parseCatalogue(json, URL, PAGE)).toThrow(CatalogueError);
    expect(() => parseCatalogue(json, URL, PAGE)).toThrow(reason);
  });

  test.each([
    ['is missing', async () => new Response('', { status: 404 }), '404'],
    ['is a web page', async () => new Response('<!doctype html>'), 'JSON'],
    ['cannot be reached', () => Promise.reject(new TypeError('Failed to fetch')), 'Failed'],
  ])('that %s fails with what to do', async (_, answer, reason) => {
    const error = await fetchCatalogue(PAGE, answer).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CatalogueError);
    expect((error as Error).message).toContain(reason);
    expect((error as Error).message).toContain('open a model of your own');
  });
});
