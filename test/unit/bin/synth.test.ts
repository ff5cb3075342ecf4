import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { wholeNumber } from '../../../bin/options.ts';
import { shapeOf } from '../../../bin/synth/shape_options.ts';
import { RANDOM_TYPES, type RandomType } from '../../../src/bench/synthetic/random_blocks.ts';
import { SyntheticSource } from '../../../src/bench/synthetic/synthetic_source.ts';
import { parseSyntheticUrl } from '../../../src/bench/synthetic/synthetic_url.ts';
import { packFileWriter } from '../../../src/bench/synthetic/write_pack_file.ts';
import { SettingError } from '../../../src/engine/errors.ts';
import type { BlockType } from '../../../src/formats/block_type.ts';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { planPack } from '../../../src/model/plan_pack.ts';
import { llamaConfig, SHAPES } from '../../../src/model/shapes.ts';
import { createTokenizer } from '../../../src/model/tokenizer.ts';
import { tokenizerOf } from '../../../src/model/tokenizer_data.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { importFile } from '../store/import_file.ts';

const NAME = 'synthetic test';

function sourceOf(type: RandomType, seed = 1): SyntheticSource {
  return new SyntheticSource({ name: NAME, shape: SHAPES.custom, type, seed });
}

function bytesOf(source: SyntheticSource): Promise<Uint8Array> {
  return source.read(0, source.size);
}

/** A tensor's values, rows one after another. */
async function valuesOf(source: SyntheticSource, name: string): Promise<Float32Array> {
  const { type, offset, bytes } = source.tensors.get(name)!.info;
  const { planes, block_bytes, split, decode }: BlockType = BLOCK_TYPES[type];
  const count = bytes / block_bytes;
  const parts = planes.map(({ bytes_per_block }) => new Uint8Array(count * bytes_per_block));
  split(await source.read(offset, bytes), count, parts);
  return decode(parts, count);
}

/** SHA-256 of each file of a pack. */
async function hashesOf(store: MemoryStore, pack: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const [name, size] of await store.files(pack)) {
    const bytes = new Uint8Array(size);
    await (await store.open(pack, name)).read(bytes, 0);
    hashes.set(name, hashOf(bytes));
  }
  return hashes;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each(RANDOM_TYPES)('a synthetic model of %s', (type) => {
  test('as a pack is, file by file, what importing its checkpoint gives', async () => {
    const source = sourceOf(type);
    const store = new MemoryStore();
    await importFile({ source, store, pack: 'imported' });
    await importFile({ source, store, pack: 'made', writeWeights: packFileWriter(source) });
    const made = await hashesOf(store, 'made');
    expect([...made.keys()]).toEqual([
      'embedding.bin',
      'layer-000.bin',
      'layer-001.bin',
      'head.bin',
      'manifest.json',
    ]);
    expect(made).toEqual(await hashesOf(store, 'imported'));
  });

  test('has matrices of mean 0 that keep the size of what goes through them, no two rows alike', async () => {
    const values = await valuesOf(sourceOf(type), 'blk.1.ffn_down.weight');
    const columns = SHAPES.custom.intermediate_size;
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
    // 200,000 values: both stray by some thousandths.
    expect(Math.abs(mean * Math.sqrt(columns))).toBeLessThan(0.02);
    expect(variance * columns).toBeGreaterThan(0.95);
    expect(variance * columns).toBeLessThan(1.1);
    const rows = Array.from({ length: values.length / columns }, (_, row) =>
      values.slice(row * columns, (row + 1) * columns).join(),
    );
    expect(new Set(rows).size).toBe(SHAPES.custom.hidden_size);
  });

  test('has other weights in every tensor, and other ones from another seed', async () => {
    const source = sourceOf(type);
    const names = ['blk.0.attn_q.weight', 'blk.1.attn_q.weight', 'blk.0.attn_k.weight'];
    const starts = new Set<string>();
    for (const of of [source, sourceOf(type, 2)]) {
      for (const name of names) starts.add((await valuesOf(of, name)).slice(0, 256).join());
    }
    expect(starts.size).toBe(6);
  });
});

test('the same options give the same bytes', async () => {
  const first = await bytesOf(sourceOf('Q4_1'));
  expect(hashOf(await bytesOf(sourceOf('Q4_1')))).toBe(hashOf(first));
});

test('a part of the file is the same read alone', async () => {
  const source = sourceOf('Q4_0');
  const whole = await bytesOf(source);
  for (const offset of [0, 5000, 11_111, 500_001, source.size - 7]) {
    const length = Math.min(300_007, source.size - offset);
    const part = await source.read(offset, length);
    expect(hashOf(part)).toBe(hashOf(whole.subarray(offset, offset + length)));
  }
});

test('a tensor longer than the pattern goes on from its start', async () => {
  const shape = { ...SHAPES.custom, vocab_size: 40_000, num_hidden_layers: 1 };
  const source = new SyntheticSource({ name: NAME, shape, type: 'Q4_0', seed: 3 });
  const { info, pattern } = source.tensors.get('token_embd.weight')!;
  const period = pattern.blocks.length;
  expect(info.bytes).toBeGreaterThan(period + 1000);
  const first = await source.read(info.offset, 1000);
  expect(await source.read(info.offset + period, 1000)).toEqual(first);
});

test('norms are around 1', async () => {
  const values = await valuesOf(sourceOf('Q8_0'), 'output_norm.weight');
  expect(values.length).toBe(SHAPES.custom.hidden_size);
  expect(values.every((x) => x >= 0.75 && x <= 1.25)).toBe(true);
});

test('any text goes through the tokenizer and back, byte by byte', async () => {
  const tokenizer = tokenizerOf(planPack(await readGguf(sourceOf('F16'))));
  expect(tokenizer.tokens.length).toBe(SHAPES.custom.vocab_size);
  expect(new Set(tokenizer.tokens).size).toBe(SHAPES.custom.vocab_size);
  const { encode, decode } = createTokenizer(tokenizer);
  const text = 'It’s 3 — tést\n\t🦙 世界 "x"';
  const ids = encode(text, { special: true });
  expect(ids).toHaveLength(new TextEncoder().encode(text).length);
  expect(decode(ids)).toBe(text);
  expect(encode('<|im_start|>', { special: true })).toHaveLength(1);
  const words = decode([300, 301, 500]);
  expect(words).toMatch(/^( [a-z]+){3}$/);
});

test.each([
  ['smollm2-135m', 134_515_008],
  ['llama-1b', 1_235_814_400],
  ['llama-8b', 8_030_261_248],
  ['llama-70b', 70_553_706_496],
] as const)('%s has %i weights, those of the published model', async (name, weights) => {
  const shape = SHAPES[name];
  const source = new SyntheticSource({ name, shape, type: 'Q4_0', seed: 0 });
  const counts = Array.from(source.tensors.values(), ({ info }) =>
    info.shape.reduce((product, length) => product * length),
  );
  expect(counts.reduce((sum, count) => sum + count)).toBe(weights);
  expect(planPack(await readGguf(source)).config).toEqual(llamaConfig(shape, Math.fround(1e-5)));
});

test('the qwen3-4b shape is of the Llama architecture, and has queries wider than its states', async () => {
  const source = new SyntheticSource({
    name: 'qwen3-4b',
    shape: SHAPES['qwen3-4b'],
    type: 'Q8_0',
    seed: 0,
  });
  const { config, layers } = planPack(await readGguf(source));
  expect(config.architecture).toBe('llama');
  const query = layers[0]!.find(({ name }) => name === 'blk.0.attn_q.weight')!;
  expect(query.shape).toEqual([4096, 2560]);
});

test('options change single dimensions of a shape', () => {
  expect(shapeOf('llama-8b', { layers: '4', 'vocab-size': '1000' })).toEqual({
    ...SHAPES['llama-8b'],
    num_hidden_layers: 4,
    vocab_size: 1000,
  });
});

test.each([
  [{ 'hidden-size': '100' }, '--hidden-size is 100; allowed: multiples of 32 from 32 to 131072'],
  [{ 'vocab-size': '257' }, '--vocab-size is 257; allowed: whole numbers from 258 to 262144'],
  [{ layers: '1.5' }, '--layers is 1.5; allowed: whole numbers from 1 to 1000'],
  [{ layers: 'many' }, '--layers is many; allowed: a number'],
])('%j is refused', (values, message) => {
  expect(() => shapeOf('custom', values)).toThrow(SettingError);
  expect(() => shapeOf('custom', values)).toThrow(message);
});

test('a number that is not given is none', () => {
  expect(wholeNumber('--seed', undefined, { min: 0, max: 1 })).toBeUndefined();
});

test('an address names a model by shape and type, and a wrong one is told what there is', async () => {
  const source = parseSyntheticUrl('synthetic:custom:Q8_0')!;
  expect(source.size).toBe(
    new SyntheticSource({ name: 'x'.repeat(21), shape: SHAPES.custom, type: 'Q8_0', seed: 0 }).size,
  );
  expect(parseSyntheticUrl('https://example.com/model.gguf')).toBeNull();
  expect(() => parseSyntheticUrl('synthetic:llama-9b:Q4_0')).toThrow('llama-8b');
  expect(() => parseSyntheticUrl('synthetic:llama-8b')).toThrow('Q4_0');
});
