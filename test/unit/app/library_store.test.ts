import { describe, expect, test } from 'vitest';
import { createLibraryState } from '../../../src/app/library.ts';
import { libraryStore, sourceNamed, type UrlSource } from '../../../src/app/library_store.ts';
import { FakeStorage, GARBAGE } from './fake_storage.ts';
import { completePack, PACK_ID, ScriptedApi } from './scripted_api.ts';

const HUB: UrlSource = { kind: 'url', url: 'https://example.org/m.gguf', name: 'Catalogue name' };
const EMPTY = { current: null, sources: {}, unfinished: null };
const begun = (id: string) => ({ id, name: id, bytes: 41, complete: false, quantization: null });

test.each([
  [' owner/name@v2:a.gguf ', 'owner/name@v2:a.gguf', 'owner/name@v2:a.gguf'],
  ['https://a.org/models/b.gguf?c=/d', 'https://a.org/models/b.gguf?c=/d', 'b.gguf'],
  ['https://a.org/models/', 'https://a.org/models/', 'https://a.org/models/'],
])('%j is a model called by its name or its file', (text, url, name) => {
  expect(sourceNamed(text)).toEqual({ kind: 'url', url, name });
});

describe('what the page remembers of the models on disk', () => {
  test.each(GARBAGE)('a record that is %j is an empty library', (text) => {
    const storage = new FakeStorage();
    storage.values.set('lamina.library', text);
    expect(libraryStore(storage).read()).toEqual(EMPTY);
  });

  test('of a record of another version, what is still valid is kept', () => {
    const storage = new FakeStorage();
    const record = {
      current: 7,
      sources: { a: HUB, b: { kind: 'ftp', name: 'b' }, c: null, d: { kind: 'file', name: 'd' } },
      unfinished: { kind: 'url', name: 'no address' },
    };
    storage.values.set('lamina.library', JSON.stringify(record));
    expect(libraryStore(storage).read()).toEqual({
      current: null,
      sources: { a: HUB, d: { kind: 'file', name: 'd' } },
      unfinished: null,
    });
  });

  test('a list of sources that is no object is an empty library', () => {
    const storage = new FakeStorage();
    storage.values.set('lamina.library', JSON.stringify({ current: 'a', sources: 'none' }));
    expect(libraryStore(storage).read()).toEqual(EMPTY);
  });
});

describe('the library', () => {
  function library() {
    const api = new ScriptedApi();
    const storage = new FakeStorage();
    return { api, storage, state: createLibraryState(api, storage) };
  }

  test('calls a model as the catalogue does where it came from there', async () => {
    const { api, state } = library();
    api.stored = [completePack(), completePack('other', 'its own name')];
    state.importEnds(PACK_ID, HUB);
    await state.refresh();
    expect(state.packs.value.map(({ name }) => name)).toEqual(['Catalogue name', 'its own name']);
    expect(state.packs.value.map(({ source }) => source)).toEqual([HUB, null]);
  });

  test('begins with the model of the last visit, else with one that is whole', async () => {
    const { api, state } = library();
    await state.refresh();
    expect(state.toBeginWith()).toBeNull();
    api.stored = [begun('a'), completePack('b'), completePack('c')];
    await state.refresh();
    expect(state.toBeginWith()?.id).toBe('b');
    state.isInUse('c');
    expect(state.toBeginWith()?.id).toBe('c');
    state.isInUse('a');
    expect(state.toBeginWith()?.id).toBe('b');
  });

  test('knows where an import that has begun came from, until it ends', async () => {
    const { api, state } = library();
    api.stored = [begun('a')];
    state.importBegins(HUB);
    await state.refresh();
    expect(state.unfinished.value).toEqual({ pack: 'a', bytes: 41, source: HUB });
    api.stored = [completePack('a')];
    state.importEnds('a', HUB);
    await state.refresh();
    expect(state.unfinished.value).toBeNull();
  });

  test('does not guess which of two unfinished imports the source belongs to', async () => {
    const { api, state } = library();
    api.stored = [begun('a'), begun('b')];
    state.importBegins(HUB);
    await state.refresh();
    expect(state.unfinished.value).toBeNull();
  });

  test('keeps what another tab has remembered in the meantime', () => {
    const { api, storage, state } = library();
    createLibraryState(api, storage).importEnds('theirs', HUB);
    state.importEnds('ours', HUB);
    expect(libraryStore(storage).read().sources).toEqual({ theirs: HUB, ours: HUB });
    state.forget('theirs');
    expect(libraryStore(storage).read().sources).toEqual({ ours: HUB });
  });
});
