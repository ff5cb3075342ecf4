import { beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { computeUnits } from '../../src/gpu/compute_units.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { openDevice } from '../kernels/device.ts';
import { importTinyFolder, load, logitsOf, openTiny, type TinyModel } from './lab.ts';

let gpu: Gpu;
let tiny: TinyModel;
beforeAll(async () => {
  gpu = await openDevice();
  tiny = await importTinyFolder('arch/qwen3_moe');
});

test('one layer at a time, only the experts are read that a token takes', async () => {
  const engine = await openTiny(gpu, tiny, { residency: 'strict' });
  const { layers, head, embedding } = tiny.manifest;
  const { count, per_token } = tiny.manifest.config.experts!;
  const expertBytes = layers.map(({ tensors }) => {
    const matrices = tensors.filter(({ name }) => /ffn_(gate|up|down)\.\d+\./.test(name));
    return matrices.flatMap(({ planes }) => planes).reduce((sum, { bytes }) => sum + bytes, 0);
  });
  const most = layers.reduce(
    (sum, { bytes }, i) => sum + bytes - (expertBytes[i]! * (count - per_token)) / count,
    head.bytes + embedding.bytes / tiny.manifest.config.vocab_size,
  );
  await engine.prefill([17], 0);
  const first = engine.weights.bytes_read;
  expect(first).toBeGreaterThan(0.9 * most);
  expect(first).toBeLessThanOrEqual(most);
  expect(engine.weights.bytes_per_token).toBeLessThanOrEqual(most);
  expect(engine.ledger.read('weights').peak).toBeLessThan(layers[0]!.bytes);
  engine.destroy();
});

/** An expert's first weight becomes no number. */
function poison(engine: Engine, layer: number, expert: number): void {
  const [tile] = engine.weights.layerTensors(layer).get(`ffn_gate_up.${expert}`)!.tiles;
  expect(tile!.type).toBe('F32');
  const { buffer, offset } = tile!.planes[0]!;
  gpu.device.queue.writeBuffer(buffer, offset!, Float32Array.of(Number.NaN));
}

test.each([[[17]], [[3, 1, 4, 1, 5, 9, 2]]])(
  'with everything on the GPU, an expert touches only the tokens that take it: %j',
  async (ids) => {
    const { num_hidden_layers, vocab_size, experts } = tiny.manifest.config;
    const logits = async (residency: 'strict' | 'resident', poisoned?: number) => {
      const engine = await openTiny(gpu, tiny, { residency });
      // After the last layer no token sees another.
      if (poisoned !== undefined) poison(engine, num_hidden_layers - 1, poisoned);
      const all = await logitsOf(engine, ids);
      engine.destroy();
      return ids.map((_, i) => all.subarray(i * vocab_size, (i + 1) * vocab_size));
    };
    const rows = await logits('resident');
    expect(await logits('strict')).toEqual(rows);
    const takers = ids.map(() => 0);
    for (let expert = 0; expert < experts!.count; expert++) {
      for (const [i, row] of (await logits('resident', expert)).entries()) {
        if (row.every(Number.isNaN)) takers[i]!++;
        else expect(row).toEqual(rows[i]);
      }
    }
    expect(takers).toEqual(ids.map(() => experts!.per_token));
  },
);

// Kernels for GPUs take long to compile on an emulated one, those of many tokens longest.
test.each([
  { name: 'qwen3_moe', tokens: 1 },
  { name: 'gpt_oss', tokens: 4 },
])('the kernels for GPUs make the same of $name, $tokens at a time', async ({ name, tokens }) => {
  const folder = `arch/${name}`;
  const model = name === 'qwen3_moe' ? tiny : await importTinyFolder(folder);
  const units = { ...(await computeUnits(gpu)), quad: false };
  const options = { prefill_tokens: tokens, precision: 'f32', units } as const;
  const engine = await openTiny(gpu, model, { residency: 'resident', ...options });
  const expected = JSON.parse(new TextDecoder().decode(await load(`${folder}/expected.json`)));
  const reference = new Float32Array(await load(`${folder}/logits.f32`));
  const actual = await logitsOf(engine, expected.input_ids[0].slice(0, 9));
  engine.destroy();
  const { vocab_size } = model.manifest.config;
  const positions: number[] = expected.positions.filter((position: number) => position < 9);
  for (const [row, position] of positions.entries()) {
    for (let id = 0; id < vocab_size; id++) {
      const difference = actual[position * vocab_size + id]! - reference[row * vocab_size + id]!;
      expect(Math.abs(difference)).toBeLessThan(expected.tolerance.recommended_atol_f32);
    }
  }
});
