import { expect, test } from 'vitest';
import { SourceNotFoundError, SourceReadError } from '../../../src/formats/errors.ts';
import type { Folder } from '../../../src/formats/folder.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import {
  chosenFiles,
  openDirectoryFolder,
  openFileFolder,
} from '../../../src/formats/sources/file_folder.ts';
import { golden } from '../store/golden.ts';

const CASE = 'arch/mistral_swa';
const SHARDS = ['1', '2', '3', '4'].map((n) => `model-0000${n}-of-00004.safetensors`);
const NAMES = ['config.json', 'model.safetensors.index.json', ...SHARDS];
const FILES = await Promise.all(
  NAMES.map(async (name) => new File([await golden(`${CASE}/${name}`)], name)),
);

/** What a person's folder is to a page: files and folders by name. */
type Tree = { readonly [name: string]: File | Tree };

/** A directory handle over them, as far as it is used. */
function handleOf(name: string, tree: Tree): FileSystemDirectoryHandle {
  const child = (key: string, kind: 'file' | 'directory') => {
    const value = tree[key];
    if (!value) throw new DOMException('it is not there', 'NotFoundError');
    const isFile = value instanceof File;
    if (isFile !== (kind === 'file')) throw new DOMException('it is not one', 'TypeMismatchError');
    return isFile ? { kind, getFile: async () => value } : handleOf(key, value);
  };
  const handle = {
    kind: 'directory',
    name,
    getFileHandle: async (key: string) => child(key, 'file'),
    getDirectoryHandle: async (key: string) => child(key, 'directory'),
    async *entries() {
      for (const key of Object.keys(tree)) {
        yield [key, child(key, tree[key] instanceof File ? 'file' : 'directory')];
      }
    },
  };
  return handle as unknown as FileSystemDirectoryHandle;
}

const tree = Object.fromEntries(FILES.map((file) => [file.name, file]));

/** As `<input webkitdirectory>` gives them. */
function inFolder(file: File, folder: string): File {
  const copy = new File([file], file.name, { lastModified: file.lastModified });
  Object.defineProperty(copy, 'webkitRelativePath', { value: `${folder}/${file.name}` });
  return copy;
}

const FOLDERS: readonly { readonly kind: string; readonly folder: Folder }[] = [
  { kind: 'chosen files', folder: openFileFolder(chosenFiles(FILES)) },
  {
    kind: 'a chosen folder',
    folder: openFileFolder(chosenFiles(FILES.map((file) => inFolder(file, 'mistral')))),
  },
  { kind: 'a folder that may be read', folder: openDirectoryFolder(handleOf('mistral', tree)) },
];

test.each(FOLDERS)('$kind are a checkpoint: its shards and its documents', async ({ folder }) => {
  const { tensors, documents } = await readCheckpoint(folder);
  expect(new Set([...tensors.values()].map(({ source }) => source.name))).toEqual(new Set(SHARDS));
  expect(documents.config?.get('model_type').string()).toBe('mistral');
  expect(documents.tokenizer).toBeUndefined();
  await expect(folder.open('nothing.gguf')).rejects.toThrow(SourceNotFoundError);
});

test('a folder that may be read is looked through, and a file in it opened by its path', async () => {
  const deep = { sub: { 'a.gguf': new File(['GGUF'], 'a.gguf') } };
  const folder = openDirectoryFolder(handleOf('models', deep));
  expect(await folder.list()).toEqual([{ path: 'sub/a.gguf', size: 4 }]);
  expect((await folder.open('sub/a.gguf')).size).toBe(4);
  await expect(folder.open('sub')).rejects.toThrow(SourceNotFoundError);
});

test('a folder that may not be read any more says so', async () => {
  const handle = handleOf('models', {});
  handle.getFileHandle = async () => {
    throw new DOMException('no', 'NotAllowedError');
  };
  await expect(openDirectoryFolder(handle).open('a.gguf')).rejects.toThrow(SourceReadError);
});
