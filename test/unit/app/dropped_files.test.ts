import { expect, test } from 'vitest';
import { droppedFiles } from '../../../src/app/dropped_files.ts';

/** What is dropped: files, and folders of them. */
type Tree = { readonly [name: string]: File | Tree };

const file = (name: string) => new File([name], name);

function entryOf(name: string, value: File | Tree): FileSystemEntry {
  if (value instanceof File) {
    const entry = { name, isFile: true, isDirectory: false };
    return { ...entry, file: (yes: (file: File) => void) => yes(value) } as never;
  }
  // As browsers do, one part at a time.
  const parts = [...Object.entries(value).map(([key, child]) => [entryOf(key, child)]), []];
  const createReader = () => ({
    readEntries: (yes: (entries: FileSystemEntry[]) => void) => yes(parts.shift()!),
  });
  return { name, isFile: false, isDirectory: true, createReader } as never;
}

function drop(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, value]) => ({
    webkitGetAsEntry: () => entryOf(name, value),
  }));
  const files = Object.keys(tree).map((name) => file(name));
  return { items, files } as never;
}

const pathsOf = async (tree: Tree) => {
  const { name, files } = await droppedFiles(drop(tree));
  return { name, paths: files.map(({ path }) => path) };
};

test('files that are dropped together are taken by their names', async () => {
  const tree = { 'config.json': file('config.json'), 'a.safetensors': file('a.safetensors') };
  expect(await pathsOf(tree)).toEqual({
    name: 'config.json',
    paths: ['config.json', 'a.safetensors'],
  });
});

test('a folder is looked through, and its files are called by their paths in it', async () => {
  const model = { 'a.gguf': file('a.gguf'), sub: { 'b.json': file('b.json') } };
  expect(await pathsOf({ model })).toEqual({ name: 'model', paths: ['a.gguf', 'sub/b.json'] });
});

test('a folder beside a file keeps its name in the paths', async () => {
  const tree = { 'a.gguf': file('a.gguf'), more: { 'b.gguf': file('b.gguf') } };
  expect((await pathsOf(tree)).paths).toEqual(['a.gguf', 'more/b.gguf']);
});

test('what lies too deep is left', async () => {
  const disk = { a: { b: { c: { 'deep.gguf': file('deep.gguf') } }, 'b.gguf': file('b.gguf') } };
  expect((await pathsOf({ disk })).paths).toEqual(['a/b.gguf']);
});

test('a folder that may not be read is handed on, to be refused where it is read', async () => {
  const entry = {
    name: 'locked',
    isDirectory: true,
    createReader: () => ({
      readEntries: (_: unknown, no: (error: Error) => void) => no(new Error('no')),
    }),
  };
  const items = [{ webkitGetAsEntry: () => entry }];
  const { files } = await droppedFiles({ items, files: [file('locked')] } as never);
  expect(files.map(({ path }) => path)).toEqual(['locked']);
});
