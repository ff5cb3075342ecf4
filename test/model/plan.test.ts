import { afterEach, beforeAll, expect, test } from 'vitest';
import { ChatModel, type RunOptions } from '../../src/engine/chat_model.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { limitsOf } from '../../src/engine/open_model.ts';
import { candidateOf, engineOptions, planModel } from '../../src/engine/plan_model.ts';
import { GREEDY } from '../../src/engine/sampling.ts';
import { gpuBytes, type SizeOptions, sizesOf } from '../../src/engine/sizes.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { PURPOSES } from '../../src/gpu/ledger.ts';
import { BudgetTooSmallError } from '../../src/plan/errors.ts';
import { listPacks } from '../../src/store/list_packs.ts';
import { SCRATCH_PACK } from '../../src/store/names.ts';
import { openDevice } from '../kernels/device.ts';
import { importTiny, openTiny, type TinyModel } from './lab.ts';

let gpu: Gpu;
let tiny: TinyModel;
let engine: Engine | null = null;
const texts = new Map<string, string>();
const records = {
  read: async (name: string) => texts.get(name) ?? null,
  write: async (name: string, text: string) => void texts.set(name, text),
};
const host_bytes = 4 * 2 ** 30;

beforeAll(async () => {
  gpu = await openDevice();
  tiny = await importTiny('gguf/llama-q4_1.gguf');
});
afterEach(() => engine?.destroy());

const planning = () => ({ gpu, store: tiny.store, model: tiny.manifest, records, host_bytes });

test('an engine takes to the byte what the plan says, whatever the residency, budget and sizes', async () => {
  const { embedding, layers, head } = tiny.manifest;
  const weights = [embedding, ...layers, head].reduce((sum, { bytes }) => sum + bytes, 0);
  const ways: SizeOptions[] = [
    { residency: 'strict' },
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => ({
      residency: 'streaming' as const,
      budget_weights: share * weights,
    })),
    { residency: 'resident' },
    { residency: 'resident', context_length: 100, prefill_tokens: 7, sequences: 3 },
    { residency: 'strict', ring: { pieces: 2, piece_bytes: 512 } },
  ];
  for (const way of ways) {
    engine = await openTiny(gpu, tiny, way);
    const sizes = sizesOf(tiny.manifest, limitsOf(gpu.device), way);
    const bytes = () =>
      Object.fromEntries(PURPOSES.map((purpose) => [purpose, engine!.ledger.read(purpose).bytes]));
    expect(bytes(), JSON.stringify(way)).toEqual(gpuBytes(sizes, 0));
    engine.destroy();
  }
});

test('with the context full, an engine takes what the plan says, and never had more', async () => {
  const way: SizeOptions = { residency: 'strict', context_length: 200, prefill_tokens: 16 };
  const { bytes, most_bytes } = candidateOf(tiny.manifest, limitsOf(gpu.device), way);
  // The ledger refuses whatever goes beyond.
  engine = await openTiny(gpu, tiny, { ...way, budget: most_bytes });
  await engine.prefill(
    Array.from({ length: 200 }, (_, i) => i),
    0,
  );
  await engine.tokens([1], { ...GREEDY, temperature: 5 }).next();
  expect(engine.ledger.read('kv').bytes).toBe(bytes.kv);
  expect(engine.ledger.total()).toBe(Object.values(bytes).reduce((sum, some) => sum + some, 0));
});

test('the plan’s work is what a token reads', async () => {
  const { layers } = tiny.manifest;
  for (const budget_weights of [0, layers[0]!.bytes]) {
    const way = { residency: 'streaming' as const, budget_weights };
    engine = await openTiny(gpu, tiny, way);
    await engine.prefill([1], 0);
    const before = engine.weights.bytes_read;
    await engine.prefill([2], 1);
    const { work } = candidateOf(tiny.manifest, limitsOf(gpu.device), way);
    const pieces = work.steps.flatMap(({ reads }) => reads);
    const planned = pieces.reduce((sum, bytes) => sum + bytes, 0);
    // Pieces carry the padding between planes.
    expect(planned).toBeGreaterThanOrEqual(engine.weights.bytes_read - before);
    expect(planned).toBeLessThan((engine.weights.bytes_read - before) * 1.02);
    engine.destroy();
  }
});

test('a model is measured once, from a scratch file before its import, and the plan keeps to the budget', async () => {
  texts.clear();
  const first = await planModel({ ...planning(), pack: null });
  expect(first.plan.residency).toBe('resident');
  expect(first.plan.most_bytes).toBeLessThanOrEqual(first.budget);
  for (const [name, value] of Object.entries(first.rates)) {
    if (typeof value === 'number') expect(value, name).toBeGreaterThanOrEqual(0);
  }
  expect(first.rates.bytes_per_second).toBeGreaterThan(1e6);
  expect(first.rates.layer_seconds).toBeGreaterThan(0);
  expect(first.rates.chunks.at(-1)!.layer_seconds).toBeGreaterThan(first.rates.layer_seconds);
  expect(first.plan.prediction.decode_tokens_per_second).toBeGreaterThan(0);
  expect(await tiny.store.files(SCRATCH_PACK)).toEqual(new Map());
  expect((await listPacks(tiny.store)).map(({ id }) => id)).toEqual([tiny.pack]);

  const remembered = await planModel({ ...planning(), pack: tiny.pack });
  expect(remembered.rates).toEqual(first.rates);
  const strict = candidateOf(tiny.manifest, limitsOf(gpu.device), {
    context_length: 100,
    prefill_tokens: 64,
    ring: first.ring,
  });
  const tight = { ...planning(), pack: tiny.pack, context_length: 100 };
  const choice = await planModel({ ...tight, budget: strict.most_bytes });
  expect(choice.plan.residency).toBe('strict');
  engine = await openTiny(gpu, tiny, engineOptions(choice));
  expect(engine.context_length).toBe(100);
  await expect(planModel({ ...tight, budget: strict.most_bytes - 1 })).rejects.toThrow(
    BudgetTooSmallError,
  );
});

test('a chat model loads as the planner decides, and answers beside the prediction', async () => {
  const { store, pack } = tiny;
  const knowledge = { records, host_bytes };
  const hello = [{ role: 'user' as const, content: 'hello' }];
  const few = { max_tokens: 4 };
  const model = await ChatModel.load({ gpu, store, pack, residency: 'auto', knowledge });
  expect(model.plan!.residency).toBe('resident');
  expect(model.engine.resident).toBe(true);
  expect(model.engine.ledger.read('weights').bytes).toBe(model.plan!.bytes.weights);
  const { text, statistics } = await model.answer(hello, few);
  expect(statistics.predicted!.tokens_per_second).toBeGreaterThan(0);
  expect(statistics.predicted!.time_to_first_token_ms).toBeGreaterThan(0);

  // It goes on in another residency, and what does not fit changes nothing.
  const budget = model.plan!.most_bytes - 1;
  await expect(model.setResidency({ residency: 'resident', budget })).rejects.toThrow(
    BudgetTooSmallError,
  );
  expect(model.plan!.residency).toBe('resident');
  await model.setResidency({ residency: 'streaming', budget });
  expect(model.plan!.residency).toBe('streaming');
  expect(model.engine.ledger.read('weights').bytes).toBe(model.plan!.bytes.weights);
  const again = await model.answer(hello, few);
  expect(again.text).toBe(text);
  expect(again.statistics.cached_tokens).toBe(again.statistics.prompt_tokens - 1);
  model.destroy();
});

test('where nothing has been measured a model keeps what the sizes allow, and nothing is predicted', async () => {
  const { store, pack } = tiny;
  const load = (options: RunOptions) => ChatModel.load({ gpu, store, pack, ...options });
  const auto = await load({ residency: 'auto', measures: false });
  expect([auto.plan, auto.engine.residency]).toEqual([null, 'resident']);
  await auto.setResidency({ residency: 'strict' });
  const { most_bytes } = candidateOf(tiny.manifest, limitsOf(gpu.device), {
    ...{ residency: 'resident', context_length: auto.engine.context_length },
  });
  await auto.setResidency({ residency: 'auto', measures: false, budget: most_bytes - 1 });
  expect(auto.engine.residency).toBe('streaming');
  auto.destroy();
  const unknown = await load({ residency: 'streaming' });
  expect(unknown.plan).toBeNull();
  unknown.destroy();
});
