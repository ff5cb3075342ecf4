import { expect, test } from 'vitest';
import { layoutFile, planFiles } from '../../../src/store/pack_layout.ts';
import { manifestFixture } from './manifest_fixture.ts';
import { plannedWhole } from './planned_fixture.ts';
import { TestSource } from './test_source.ts';

test('planes lie one after another in their order, each at a multiple of 256', () => {
  const layout = layoutFile('layer-000.bin', [
    { name: 'norm', type: 'F32', shape: [65] },
    { name: 'matrix', type: 'Q4_1', shape: [3, 64] },
    { name: 'other', type: 'Q8_0', shape: [1, 32] },
  ]);
  expect(layout).toEqual({
    name: 'layer-000.bin',
    bytes: 1792,
    tensors: [
      {
        name: 'norm',
        type: 'F32',
        shape: [65],
        planes: [{ name: 'codes', offset: 0, bytes: 260 }],
      },
      {
        name: 'matrix',
        type: 'Q4_1',
        shape: [3, 64],
        planes: [
          { name: 'codes', offset: 512, bytes: 96 },
          { name: 'scales', offset: 768, bytes: 12 },
          { name: 'mins', offset: 1024, bytes: 12 },
        ],
      },
      {
        name: 'other',
        type: 'Q8_0',
        shape: [1, 32],
        planes: [
          { name: 'codes', offset: 1280, bytes: 32 },
          { name: 'scales', offset: 1536, bytes: 2 },
        ],
      },
    ],
  });
});

test('a pack has an embedding, a file for each layer, and a head', () => {
  const { name, config, tokenizer } = manifestFixture();
  const source = new TestSource(new Uint8Array(4));
  const tensors = [
    plannedWhole({ name: 'a', type: 'F32', shape: [1], source, offset: 0, bytes: 4 }),
  ];
  const layers = Array.from({ length: 1001 }, () => tensors);
  const files = planFiles({ name, config, tokenizer, embedding: tensors, layers, head: tensors });
  const names = files.map(({ layout }) => layout.name);
  expect(names.slice(0, 3)).toEqual(['embedding.bin', 'layer-000.bin', 'layer-001.bin']);
  expect(names.slice(-3)).toEqual(['layer-999.bin', 'layer-1000.bin', 'head.bin']);
});
