import { expect, test, vi } from 'vitest';
import { ManifestInvalidError } from '../../../src/store/errors.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { golden } from './golden.ts';
import { importFile } from './import_file.ts';
import { TestSource } from './test_source.ts';

vi.mock('../../../src/model/plan_pack.ts', async (importOriginal) => {
  const { planPack } = await importOriginal<typeof import('../../../src/model/plan_pack.ts')>();
  return {
    planPack: (checkpoint: Parameters<typeof planPack>[0]) => {
      const plan = planPack(checkpoint);
      return { ...plan, config: { ...plan.config, attention_scale: 0 } };
    },
  };
});

test('a plan that could not be opened again is refused before anything is written', async () => {
  const store = new MemoryStore();
  const create = vi.spyOn(store, 'create');
  const source = new TestSource(await golden('gguf/llama-q4_1.gguf'));
  await expect(importFile({ source, store })).rejects.toThrow(ManifestInvalidError);
  expect(create).not.toHaveBeenCalled();
});
