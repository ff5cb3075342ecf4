import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import { DocumentError, ShardIndexError, TensorDimsError } from '../../../src/formats/errors.ts';
import { folderOf } from '../../../src/formats/folder.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { openNodeFolder } from '../../../src/formats/sources/node_folder.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';
import { f32, safetensors } from './safetensors_bytes.ts';

const ENCODER = new TextEncoder();

/** Files in memory, by name: bytes, text, or an object that becomes JSON. */
function folder(files: Readonly<Record<string, Uint8Array<ArrayBuffer> | string | object>>) {
  return folderOf(
    'repository',
    Object.entries(files).map(([name, content]) => new TestSource(bytesOf(content), name)),
  );
}

function bytesOf(content: Uint8Array<ArrayBuffer> | string | object): Uint8Array<ArrayBuffer> {
  if (content instanceof Uint8Array) return content as Uint8Array<ArrayBuffer>;
  return ENCODER.encode(typeof content === 'string' ? content : JSON.stringify(content));
}

const ONE = safetensors({ a: f32([2, 3], 8), b: f32([2], 0), __metadata__: { format: 'pt' } }, 32);

describe('a safetensors file', () => {
  test('is a checkpoint with the names, shapes and places of its header', async () => {
    const { format, source, metadata, tensors } = await readCheckpoint(
      folder({ 'model.safetensors': ONE }),
    );
    expect({ format, metadata: [...metadata], size: source.size, name: source.name }).toEqual({
      format: 'safetensors',
      metadata: [['format', 'pt']],
      size: ONE.length,
      name: 'model.safetensors',
    });
    const data = ONE.length - 32;
    expect([...tensors.values()]).toMatchObject([
      { name: 'a', type: 'F32', shape: [2, 3], offset: data + 8, bytes: 24, source },
      { name: 'b', type: 'F32', shape: [2], offset: data, bytes: 8, source },
    ]);
  });

  test('may have spaces after its header, holes between tensors, scalars, and no metadata', async () => {
    const file = safetensors(`${JSON.stringify({ s: f32([], 4), t: f32([1], 100) })}   `, 104);
    const { tensors, metadata } = await readCheckpoint(folder({ 'm.safetensors': file }));
    expect([...tensors.values()].map(({ bytes }) => bytes)).toEqual([4, 4]);
    expect(metadata.size).toBe(0);
  });

  test('with a long header takes two reads, and no byte of its data', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => [`layer.${i}`, f32([1], 4 * i)] as const);
    const source = new TestSource(
      safetensors(Object.fromEntries(many), 12_000),
      'model.safetensors',
    );
    const { tensors } = await readCheckpoint(folderOf('repository', [source]));
    expect(tensors.size).toBe(3000);
    expect(source.reads.length).toBe(2);
    expect(source.reads.at(-1)!.reduce((a, b) => a + b)).toBe(source.size - 12_000);
  });

  test('may lie anywhere in a folder, with its documents beside it', async () => {
    const checkpoint = await readCheckpoint(
      folder({ 'model.safetensors': ONE, 'config.json': { model_type: 'llama' } }),
    );
    expect(checkpoint.documents.config?.get('model_type').string()).toBe('llama');
    expect(checkpoint.documents.tokenizer).toBeUndefined();
  });
});

describe.each([
  { name: 'llama_tied', type: 'F16', files: 1 },
  { name: 'llama3_rope', type: 'BF16', files: 1 },
  { name: 'mistral_swa', type: 'F32', files: 4 },
])('$name, as the safetensors library wrote it', ({ name, type, files }) => {
  test(`is read from a folder: ${files} files, every tensor ${type}`, async () => {
    const opened = openNodeFolder(
      fileURLToPath(new URL(`../../golden/arch/${name}`, import.meta.url)),
    );
    const { tensors, documents, source } = await readCheckpoint(opened);
    const sources = new Set([...tensors.values()].map((tensor) => tensor.source));
    expect(sources.size).toBe(files);
    expect(new Set([...tensors.values()].map((tensor) => tensor.type))).toEqual(new Set([type]));
    const config = JSON.parse(new TextDecoder().decode(await golden(`arch/${name}/config.json`)));
    expect(documents.config?.get('hidden_size').integer(1, 1e6)).toBe(config.hidden_size);
    const embedding = tensors.get('model.embed_tokens.weight')!;
    expect(embedding.shape).toEqual([config.vocab_size, config.hidden_size]);
    // The writer leaves no holes, so the tensors are all there is besides the headers.
    const bytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
    expect(bytes).toBeLessThan(source.size);
    expect(bytes).toBeGreaterThan(0.9 * [...sources].reduce((sum, { size }) => sum + size, 0));
    const raw = await embedding.source.read(embedding.offset, embedding.bytes);
    const { block_bytes, decode } = BLOCK_TYPES[embedding.type];
    const values = decode([raw], raw.length / block_bytes);
    const rms = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    expect(rms).toBeGreaterThan(0.001);
    expect(rms).toBeLessThan(10);
    await opened.close?.();
  });
});

describe('bytes that are halves of MXFP4 blocks', () => {
  const bytes = (shape: readonly number[], start: number) => {
    const length = shape.reduce((product, n) => product * n, 1);
    return { dtype: 'U8', shape, data_offsets: [start, start + length] };
  };
  const read = async (header: Record<string, unknown>) =>
    (await readCheckpoint(folder({ 'm.safetensors': safetensors(header, 1000) }))).tensors;

  test('are one tensor, with its scales in a place of their own', async () => {
    const header = { w_blocks: bytes([2, 3, 2, 16], 12), w_scales: bytes([2, 3, 2], 0) };
    const tensors = await read(header);
    expect([...tensors.keys()]).toEqual(['w']);
    const { type, shape, offset, bytes: length, scales } = tensors.get('w')!;
    expect({ type, shape, length }).toEqual({ type: 'MXFP4', shape: [2, 3, 64], length: 192 });
    expect(scales).toMatchObject({ offset: offset - 12, bytes: 12 });
  });

  test.each([
    { w_blocks: bytes([3, 2, 16], 0) },
    { w_scales: bytes([3, 2], 0) },
    { w_blocks: bytes([3, 2, 8], 6), w_scales: bytes([3, 2], 0) },
    { w_blocks: bytes([2, 3, 16], 6), w_scales: bytes([3, 2], 0) },
    { w_blocks: f32([3, 2, 16], 6), w_scales: bytes([3, 2], 0) },
  ])('are refused where they do not fit together: %j', async (header) => {
    await expect(read(header)).rejects.toThrow(TensorDimsError);
    await expect(read(header)).rejects.toThrow('no half of MXFP4 blocks');
  });
});

describe('a checkpoint in several files', () => {
  const index = { weight_map: { a: 'x.safetensors', b: 'y.safetensors' } };
  const X = safetensors({ a: f32([1], 0) }, 4);
  const Y = safetensors({ b: f32([1], 0), unlisted: f32([1], 4) }, 8);
  const NAME = 'model.safetensors.index.json';

  test('has the tensors that the index names, each in its own file', async () => {
    const { tensors, source } = await readCheckpoint(
      folder({ [NAME]: index, 'x.safetensors': X, 'y.safetensors': Y }),
    );
    expect([...tensors.values()].map((tensor) => [tensor.name, tensor.source.name])).toEqual([
      ['a', 'x.safetensors'],
      ['b', 'y.safetensors'],
    ]);
    expect(source).toMatchObject({ name: 'repository', size: X.length + Y.length });
  });

  test('is another one when one of its files changes', async () => {
    const versionWith = async (second: string) => {
      const sources = [
        new TestSource(bytesOf(index), NAME),
        new TestSource(X, 'x.safetensors'),
        new TestSource(Y, 'y.safetensors', second),
      ];
      return (await readCheckpoint(folderOf('repository', sources))).source.version;
    };
    expect(await versionWith('1')).toBe(await versionWith('1'));
    expect(await versionWith('1')).not.toBe(await versionWith('2'));
  });

  test.each([
    { fault: 'a path', index: { weight_map: { a: '../x.safetensors' } } },
    { fault: 'a backslash', index: { weight_map: { a: '..\\x.safetensors' } } },
    { fault: 'another kind of file', index: { weight_map: { a: 'x.bin' } } },
    { fault: 'a tensor that its file lacks', index: { weight_map: { b: 'x.safetensors' } } },
    { fault: 'no weight_map', index: {} },
    { fault: 'nothing', index: { weight_map: {} } },
    { fault: 'a number', index: { weight_map: { a: 1 } } },
    { fault: 'no JSON', index: '{"weight_map"' },
  ])('is refused when its index names $fault', async ({ index }) => {
    const files = folder({ [NAME]: index, 'x.safetensors': X });
    await expect(readCheckpoint(files)).rejects.toThrow(ShardIndexError);
  });
});

test.each([
  { fault: 'no JSON', file: 'config.json', content: '{' },
  { fault: 'larger than any', file: 'chat_template.jinja', content: ' '.repeat(2 ** 20 + 1) },
  { fault: 'no UTF-8', file: 'chat_template.jinja', content: Uint8Array.of(0xff, 0xff) },
])('a document that is $fault is refused by its name', async ({ file, content }) => {
  const reading = readCheckpoint(folder({ 'model.safetensors': ONE, [file]: content }));
  await expect(reading).rejects.toThrow(DocumentError);
  await expect(reading).rejects.toThrow(file);
});
