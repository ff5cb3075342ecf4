import { describe, expect, test } from 'vitest';
import {
  CheckpointAmbiguousError,
  CheckpointNotFoundError,
  GgufSplitError,
  SourceNotFoundError,
} from '../../../src/formats/errors.ts';
import { type Folder, folderOf } from '../../../src/formats/folder.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';
import { entry, gguf, str, TYPE, tensor, u32 } from './gguf_bytes.ts';

const MODEL = await golden('gguf-bad/control-good.gguf');

interface Split {
  readonly no: number;
  readonly count?: number;
  readonly tensors: readonly string[];
  readonly total?: number;
}

/** One of the files of a split model: each tensor is one F32 value. */
function split({ no, count = 2, tensors, total = 3 }: Split): Uint8Array<ArrayBuffer> {
  return gguf({
    entries: [
      ...(no === 0 ? [entry('general.name', TYPE.string, str('whole'))] : []),
      entry('split.no', TYPE.uint16, u32(no).slice(0, 2)),
      entry('split.count', TYPE.uint16, u32(count).slice(0, 2)),
      entry('split.tensors.count', TYPE.uint32, u32(total)),
    ],
    tensors: tensors.map((name, i) => tensor(name, [1], 0, 32 * i)),
    data: 32 * tensors.length,
  });
}

const FIRST = split({ no: 0, tensors: ['a', 'b'] });
const SECOND = split({ no: 1, tensors: ['c'] });
const names = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'] as const;

function folder(...files: Uint8Array<ArrayBuffer>[]): Folder {
  return folderOf(
    'repository',
    files.map((bytes, i) => new TestSource(bytes, names[i]!)),
  );
}

describe('a GGUF model in two files', () => {
  test.each([undefined, ...names])('has the tensors of both, opened by %s', async (path) => {
    const { tensors, metadata, source } = await readCheckpoint(folder(FIRST, SECOND), path);
    expect([...tensors.values()].map(({ name, source }) => [name, source.name])).toEqual([
      ['a', names[0]],
      ['b', names[0]],
      ['c', names[1]],
    ]);
    expect(metadata.get('general.name')).toBe('whole');
    expect(source).toMatchObject({ name: names[0], size: FIRST.length + SECOND.length });
  });

  test.each([
    { fault: 'the same file twice', second: FIRST },
    { fault: 'a file of another count', second: split({ no: 1, count: 3, tensors: ['c'] }) },
    { fault: 'a tensor in both', second: split({ no: 1, tensors: ['b'] }) },
    { fault: 'a tensor too few', second: split({ no: 1, tensors: [] }) },
    { fault: 'a file that is whole by itself', second: MODEL },
  ])('is refused with $fault', async ({ second }) => {
    await expect(readCheckpoint(folder(FIRST, second))).rejects.toThrow(GgufSplitError);
  });

  test('is refused when a file is missing', async () => {
    await expect(readCheckpoint(folder(FIRST))).rejects.toThrow(SourceNotFoundError);
  });

  test('is refused when its names do not say which file is which', async () => {
    const renamed = folderOf('repository', [new TestSource(FIRST, 'model.gguf')]);
    await expect(readCheckpoint(renamed)).rejects.toThrow(GgufSplitError);
  });
});

describe('the checkpoint of a folder', () => {
  const folderWith = (...files: string[]) =>
    folderOf(
      'repository',
      files.map((name) => new TestSource(MODEL, name)),
    );

  test('is its one GGUF file, whatever else is there', async () => {
    const files = folderWith('README.md', 'model.Q4_1.gguf', 'config.json');
    expect((await readCheckpoint(files)).source.name).toBe('model.Q4_1.gguf');
  });

  test('is named by the reader when there are several', async () => {
    const files = folderWith('a.gguf', 'b.gguf');
    await expect(readCheckpoint(files)).rejects.toThrow(CheckpointAmbiguousError);
    expect((await readCheckpoint(files, 'b.gguf')).source.name).toBe('b.gguf');
  });

  test.each([['pytorch_model.bin', 'model.onnx'], []])(
    'is not found among %s %s',
    async (...files) => {
      const reading = readCheckpoint(folderWith(...files));
      await expect(reading).rejects.toThrow(CheckpointNotFoundError);
      await expect(reading).rejects.toThrow(files[0] ?? 'no file at all');
    },
  );

  test('is looked for by the usual names where nothing can be listed', async () => {
    const file = new TestSource(new Uint8Array(), 'model.safetensors');
    const unlisted = { ...folderOf('server', [file]), list: async () => null };
    await expect(readCheckpoint(unlisted)).rejects.toThrow('model.safetensors ends inside');
    const empty = { ...folderOf('server', []), list: async () => null };
    await expect(readCheckpoint(empty)).rejects.toThrow(CheckpointNotFoundError);
  });
});
