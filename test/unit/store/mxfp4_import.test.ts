import { expect, test } from 'vitest';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { chosenFiles, openFileFolder } from '../../../src/formats/sources/file_folder.ts';
import { importPack } from '../../../src/store/importer.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { openManifest } from '../../../src/store/open_pack.ts';
import { golden } from './golden.ts';
import { importFile } from './import_file.ts';
import { TestSource } from './test_source.ts';

/** Type and bytes of each tensor of a pack. */
async function tensorsOf(store: MemoryStore, pack: string): Promise<Map<string, string>> {
  const { embedding, layers, head } = await openManifest(store, pack);
  const all = new Map<string, string>();
  for (const { name: file, tensors } of [embedding, ...layers, head]) {
    const opened = await store.open(pack, file);
    for (const { name, type, planes } of tensors) {
      const texts = [];
      for (const { offset, bytes } of planes) {
        const plane = new Uint8Array(bytes);
        await opened.read(plane, offset);
        texts.push(Buffer.from(plane).toString('base64'));
      }
      all.set(name, [type, ...texts].join());
    }
    opened.close();
  }
  return all;
}

const CONFIG = JSON.parse(new TextDecoder().decode(await golden('arch/gpt_oss/config.json')));

async function importFiles(files: Record<string, BlobPart>): Promise<Map<string, string>> {
  const store = new MemoryStore();
  const chosen = Object.entries(files).map(([name, content]) => new File([content], name));
  const checkpoint = await readCheckpoint(openFileFolder(chosenFiles(chosen)));
  return tensorsOf(store, await importPack({ checkpoint, store }));
}

/** Names in a safetensors file's header. */
function namesOf(file: Uint8Array<ArrayBuffer>): string[] {
  const end = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, end)));
  return Object.keys(header).filter((name) => name !== '__metadata__');
}

test('MXFP4 in codes and scales, gate and up in turn, becomes the blocks that a GGUF file has', async () => {
  const store = new MemoryStore();
  const file = new TestSource(await golden('gguf/gpt-oss-mxfp4.gguf'), 'gpt-oss-mxfp4.gguf');
  const blocks = await tensorsOf(store, await importFile({ source: file, store }));
  const model = await golden('arch/gpt_oss/model.safetensors');
  const plain = await importFiles({
    'config.json': JSON.stringify(CONFIG),
    'model.safetensors': model,
  });

  // All but the matrices of experts are where they were.
  const experts = await golden('arch/gpt_oss/mxfp4_experts.safetensors');
  const others = namesOf(model).filter((name) => !/experts\.\w+_proj$/.test(name));
  const weight_map = Object.fromEntries([
    ...others.map((name) => [name, 'a.safetensors']),
    ...namesOf(experts).map((name) => [name, 'b.safetensors']),
  ]);
  const quantization_config = { quant_method: 'mxfp4', modules_to_not_convert: ['lm_head'] };
  const apart = await importFiles({
    'config.json': JSON.stringify({ ...CONFIG, quantization_config }),
    'model.safetensors.index.json': JSON.stringify({ weight_map }),
    'a.safetensors': model,
    'b.safetensors': experts,
  });
  expect([...apart.keys()]).toEqual([...plain.keys()]);
  for (const [name, value] of apart) {
    const isExpert = /ffn_(gate|up|down)\.\d+\.weight$/.test(name);
    expect(value.startsWith('MXFP4,'), name).toBe(isExpert);
    expect(value === (isExpert ? blocks : plain).get(name), name).toBe(true);
  }
});
