import { expect, test } from 'vitest';
import { SyntheticSource } from '../../../src/bench/synthetic/synthetic_source.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { SHAPES } from '../../../src/model/shapes.ts';
import { importChoices } from '../../../src/store/import_choices.ts';
import { importPack } from '../../../src/store/importer.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { filesOf, openManifest } from '../../../src/store/open_pack.ts';
import { golden } from './golden.ts';
import { TestSource } from './test_source.ts';

const checkpointOf = async (path: string) => readGguf(new TestSource(await golden(path)));

test('each choice has the bytes and the name of the pack that it gives', async () => {
  const checkpoint = await checkpointOf('gguf/qwen2-f16.gguf');
  const choices = await importChoices(checkpoint);
  expect(choices.length).toBeGreaterThan(1);
  for (const { quantize, pack, bytes } of choices) {
    const store = new MemoryStore();
    const imported = await importPack({ checkpoint, store, quantize: quantize ?? undefined });
    expect(imported).toBe(pack);
    const files = filesOf(await openManifest(store, pack));
    expect(files.reduce((sum, file) => sum + file.bytes, 0)).toBe(bytes);
  }
});

test('a checkpoint that is quantized already can only be imported as it is', async () => {
  const source = new SyntheticSource({
    ...{ name: 'model', shape: SHAPES['smollm2-135m'], type: 'Q4_0', seed: 0 },
  });
  const choices = await importChoices(await readGguf(source));
  expect(choices.map(({ quantize }) => quantize)).toEqual([null]);
});

test.each([
  ['whole', 256, [null, 'Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0']],
  ['no', 96, [null, 'Q8_0', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0']],
])('types of 256 values a block are offered where rows are %s blocks', async (_, width, types) => {
  const shape = {
    ...SHAPES['smollm2-135m'],
    ...{ hidden_size: width, intermediate_size: width, num_hidden_layers: 1 },
    ...{ head_dim: 32, num_attention_heads: width / 32, num_key_value_heads: 1 },
  };
  const source = new SyntheticSource({ name: 'model', shape, type: 'F16', seed: 0 });
  const choices = await importChoices(await readGguf(source));
  expect(choices.map(({ quantize }) => quantize)).toEqual(types);
});
