import { expect, test } from 'vitest';
import { excerptOf } from '../../../src/engine/excerpt.ts';
import { layerFile, layoutFile, type ModelLayout } from '../../../src/store/pack_layout.ts';
import { manifestFixture } from '../store/manifest_fixture.ts';

const ROWS = 40_000;

/** Nine layers, and a vocabulary larger than any excerpt's. */
function model(): ModelLayout {
  const { config, layers } = manifestFixture();
  const matrix = (name: string) => ({ name, type: 'Q4_1' as const, shape: [ROWS, 64] });
  return {
    config: { ...config, num_hidden_layers: 9, vocab_size: ROWS },
    embedding: layoutFile('embedding.bin', [matrix('token_embd.weight')]),
    layers: Array.from({ length: 9 }, (_, i) =>
      layoutFile(
        layerFile(i),
        layers[0]!.tensors.map(({ name, type, shape }) => ({
          name: name.replace('blk.0.', `blk.${i}.`),
          type,
          shape,
        })),
      ),
    ),
    head: layoutFile('head.bin', [
      { name: 'output_norm.weight', type: 'F32', shape: [64] },
      matrix('output.weight'),
    ]),
  };
}

test('the layers of an excerpt lie evenly among the model’s, and are numbered anew', () => {
  const { config, layers } = excerptOf(model(), 3, 16_384);
  expect(config.num_hidden_layers).toBe(3);
  expect(layers.map(({ name }) => name)).toEqual([layerFile(1), layerFile(4), layerFile(7)]);
  expect(layers.map(({ tensors }) => tensors[0]!.name)).toEqual([
    'blk.0.attn_norm.weight',
    'blk.1.attn_norm.weight',
    'blk.2.attn_norm.weight',
  ]);
});

test('its embedding and output matrix are the first rows, at their places in the files', () => {
  const whole = model();
  const { config, embedding, head } = excerptOf(whole, 1, 16_384);
  expect(config.vocab_size).toBe(16_384);
  for (const [some, all] of [
    [embedding.tensors[0]!, whole.embedding.tensors[0]!],
    [head.tensors[1]!, whole.head.tensors[1]!],
  ] as const) {
    expect(some.shape).toEqual([config.vocab_size, 64]);
    expect(some.planes.map(({ offset }) => offset)).toEqual(all.planes.map(({ offset }) => offset));
    for (const [i, { bytes }] of some.planes.entries()) {
      expect(bytes / config.vocab_size).toBe(all.planes[i]!.bytes / ROWS);
    }
  }
  expect(head.tensors[0]).toEqual(whole.head.tensors[0]);
});

test('a small model’s excerpt of all layers is the model', () => {
  const { config, embedding, layers, head } = manifestFixture();
  expect(excerptOf({ config, embedding, layers, head }, 2, config.vocab_size)).toEqual({
    config,
    embedding,
    layers,
    head,
  });
});
