import { expect, test } from 'vitest';
import { syntheticMetadata } from '../../../src/bench/synthetic/metadata.ts';
import { SyntheticSource } from '../../../src/bench/synthetic/synthetic_source.ts';
import type { TensorInfo } from '../../../src/formats/checkpoint.ts';
import { folderOf } from '../../../src/formats/folder.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { type GgufValue, writeGgufHeader } from '../../../src/formats/gguf/write_gguf.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { planPack } from '../../../src/model/plan_pack.ts';
import { SHAPES } from '../../../src/model/shapes.ts';
import { importPack } from '../../../src/store/importer.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { TestSource } from './test_source.ts';
import { get } from './weight_store_suite.ts';

const NAME = 'synthetic';
const WHOLE = new SyntheticSource({ name: NAME, shape: SHAPES.custom, type: 'Q8_0', seed: 1 });
const CHECKPOINT = await readGguf(WHOLE);
const COUNT = 3;

/** One of the files that the model is split into, every third tensor. */
async function part(no: number): Promise<TestSource> {
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const split = {
    'split.no': uint32(no),
    'split.count': uint32(COUNT),
    'split.tensors.count': uint32(CHECKPOINT.tensors.size),
  };
  const metadata = no === 0 ? syntheticMetadata(NAME, planPack(CHECKPOINT).config) : {};
  const its: TensorInfo[] = [...CHECKPOINT.tensors.values()].filter((_, i) => i % COUNT === no);
  const { bytes, tensors, size } = writeGgufHeader({ ...metadata, ...split }, its);
  const file = new Uint8Array(size);
  file.set(bytes);
  for (const [i, { offset }] of tensors.entries()) {
    file.set(await WHOLE.read(its[i]!.offset, its[i]!.bytes), offset);
  }
  return new TestSource(file, `model-0000${no + 1}-of-0000${COUNT}.gguf`);
}

test('a model in several files becomes the pack that it becomes in one', async () => {
  const parts = await Promise.all(Array.from({ length: COUNT }, (_, no) => part(no)));
  const checkpoint = await readCheckpoint(folderOf('repository', parts));
  const store = new MemoryStore();
  await importPack({ checkpoint, store, pack: 'parts' });
  await importPack({ checkpoint: CHECKPOINT, store, pack: 'whole' });
  const files = [...(await store.files('whole')).keys()].filter((name) => name.endsWith('.bin'));
  expect(files.length).toBe(SHAPES.custom.num_hidden_layers + 2);
  for (const name of files) {
    const [a, b] = [await get(store, 'parts', name), await get(store, 'whole', name)];
    expect(Buffer.compare(a, b), name).toBe(0);
  }
});
