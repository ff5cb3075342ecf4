import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { candidates, keyOf } from '../../src/engine/choices.ts';
import type { Engine, Precision } from '../../src/engine/engine.ts';
import {
  ContextLengthError,
  NonFiniteLogitsError,
  SettingError,
  TokenRangeError,
} from '../../src/engine/errors.ts';
import { Conversation } from '../../src/engine/generate.ts';
import { openModel } from '../../src/engine/open_model.ts';
import { Sampler } from '../../src/engine/sampler.ts';
import { GREEDY } from '../../src/engine/sampling.ts';
import { tuneModel } from '../../src/engine/tune.ts';
import { type ComputeUnits, computeUnits } from '../../src/gpu/compute_units.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { GpuBudgetError } from '../../src/gpu/errors.ts';
import { multipliesMatrices } from '../../src/gpu/subgroup_matrix.ts';
import { openDevice, openPlainDevice } from '../kernels/device.ts';
import { importTiny, load, logitsOf, openTiny, type TinyModel } from './lab.ts';

interface Expected {
  readonly input_ids: readonly [readonly number[]];
  readonly positions: readonly number[];
  readonly greedy: readonly number[];
  readonly checks: { readonly min_top1_top2_margin: number };
  readonly tolerance: {
    readonly recommended_atol_f32: number;
    readonly recommended_atol_f16: number;
  };
}

async function expectedOf(name: string): Promise<Expected> {
  return JSON.parse(new TextDecoder().decode(await load(`gguf/${name}.expected.json`))) as Expected;
}

const toleranceOf = ({ tolerance }: Expected, { precision }: Engine): number =>
  precision === 'f16' ? tolerance.recommended_atol_f16 : tolerance.recommended_atol_f32;

const gpu = await openDevice();
let engine: Engine;
afterEach(() => engine?.destroy());

const MODELS = ['llama3-ropefreqs-f16', 'llama-q4_1', 'llama-q4_k'];
/** Without subgroup matrices both are the same kernels. */
const PRECISIONS: readonly Precision[] = (await multipliesMatrices(gpu)) ? ['f32', 'f16'] : ['f32'];

describe.each(MODELS.flatMap((name) => PRECISIONS.map((precision) => ({ name, precision }))))(
  '$name, products of many tokens in $precision where the device has them',
  ({ name, precision }) => {
    let tiny: TinyModel;
    let expected: Expected;
    let logits: Float32Array;
    beforeAll(async () => {
      tiny = await importTiny(`gguf/${name}.gguf`);
      expected = await expectedOf(name);
      logits = new Float32Array(await load(`gguf/${name}.logits.f32`));
    });

    test('gives the logits of the float32 reference at every position', async () => {
      engine = await openTiny(gpu, tiny, { precision });
      const actual = await logitsOf(engine, expected.input_ids[0]);
      const { vocab_size } = engine.config;
      expect(differenceOf(rowsOf(actual, expected.positions, vocab_size), logits)).toBeLessThan(
        toleranceOf(expected, engine),
      );
    });

    test('gives them too when the prompt comes in chunks, and token by token', async () => {
      engine = await openTiny(gpu, tiny, { precision, prefill_tokens: 7 });
      const chunked = await logitsOf(engine, expected.input_ids[0]);
      const tolerance = toleranceOf(expected, engine);
      expect(differenceOf(chunked, logits)).toBeLessThan(tolerance);
      const { vocab_size } = engine.config;
      for (const [i, id] of expected.input_ids[0].entries()) {
        const row = await logitsOf(engine, [id], i);
        const reference = logits.subarray(i * vocab_size, (i + 1) * vocab_size);
        expect(differenceOf(row, reference), `position ${i}`).toBeLessThan(tolerance);
      }
    });

    test('continues with the reference’s greedy tokens', async () => {
      engine = await openTiny(gpu, tiny, { precision });
      const { token_ids } = await new Conversation(engine).generate(expected.input_ids[0], [], {
        max_tokens: expected.greedy.length,
      });
      expect(token_ids).toEqual(expected.greedy);
    });

    test('never has more weights on the GPU than the largest layer has bytes', async () => {
      engine = await openTiny(gpu, tiny);
      await new Conversation(engine).generate(expected.input_ids[0], [], { max_tokens: 4 });
      const { bytes, peak } = engine.ledger.read('weights');
      expect(bytes).toBeGreaterThan(0);
      expect(peak).toBeLessThanOrEqual(Math.max(...tiny.manifest.layers.map((file) => file.bytes)));
    });
  },
);

test.each(['llama-mixed', 'llama-iq4_xs'])(
  '%s gives the reference’s logits and greedy tokens, strict and resident alike',
  async (name) => {
    const tiny = await importTiny(`gguf/${name}.gguf`);
    const { input_ids, positions, greedy, ...expected } = await expectedOf(name);
    const rows: Float32Array[] = [];
    for (const residency of ['strict', 'resident'] as const) {
      engine = await openTiny(gpu, tiny, { precision: 'f32', residency });
      const actual = await logitsOf(engine, input_ids[0]);
      rows.push(rowsOf(actual, positions, engine.config.vocab_size));
      if (engine.resident) {
        const { token_ids } = await new Conversation(engine).generate(input_ids[0], [], {
          max_tokens: greedy.length,
        });
        expect(token_ids).toEqual(greedy);
      }
      engine.destroy();
    }
    const logits = new Float32Array(await load(`gguf/${name}.logits.f32`));
    expect(differenceOf(rows[0]!, logits)).toBeLessThan(expected.tolerance.recommended_atol_f32);
    expect(differenceOf(rows[1]!, rows[0]!)).toBe(0);
  },
);

describe.each([
  { name: 'as it is', open: openDevice, quad: true },
  { name: 'as if it were a GPU', open: openDevice, quad: false },
  { name: 'without optional features', open: openPlainDevice, quad: false },
])('on the device $name', ({ open, quad }) => {
  let own: Gpu;
  let units: ComputeUnits;
  let tiny: TinyModel;
  let expected: Expected;
  beforeAll(async () => {
    own = await open();
    const all = await computeUnits(own);
    units = { ...all, quad: all.quad && quad };
    tiny = await importTiny('gguf/llama-q4_1.gguf');
    expected = await expectedOf('llama-q4_1');
  });

  test('streamed, in part or whole, the model gives what it gives resident, bit for bit', async () => {
    const ids = expected.input_ids[0];
    const outputs: { logits: Float32Array; rows: Float32Array[]; tokens: readonly number[] }[] = [];
    const { embedding, layers, head } = tiny.manifest;
    const [layer] = layers.map(({ bytes }) => bytes);
    // Streaming, the first layer and the output matrix stay, and the second layer passes.
    const budget_weights = layer! + head.bytes;
    const expectedBytes = {
      strict: layer,
      streaming: budget_weights + layer!,
      resident: embedding.bytes + 2 * layer! + head.bytes,
    };
    // Where there are several kernels, not all matrices take the one of the rules.
    const { intermediate_size, hidden_size } = tiny.manifest.config;
    const gate_up = { rows: 2 * intermediate_size, cols: hidden_size, type: 'Q4_1' } as const;
    const choices = { [keyOf(gate_up, 1)]: 'matvec' };
    for (const residency of ['strict', 'streaming', 'resident'] as const) {
      const run = { units, choices, residency, budget_weights, context_length: 512 };
      engine = await openTiny(own, tiny, run);
      expect(engine.resident).toBe(residency === 'resident');
      expect(engine.ledger.read('weights').bytes).toBe(expectedBytes[residency]);
      // Six for each of two layers; the embedding, the final norm, the output matrix, and two that choose.
      if (engine.resident && !units.quad) expect(engine.dispatches_per_token).toBe(2 * 6 + 5);
      const logits = await logitsOf(engine, ids);
      const rows: Float32Array[] = [];
      // A GPU's kernels take long on a GPU that is emulated.
      const slow = own.adapter.software && !units.quad;
      for (const [i, id] of expected.greedy.slice(0, slow ? 3 : 16).entries()) {
        rows.push(await logitsOf(engine, [id], ids.length + i));
      }
      const { token_ids } = await new Conversation(engine).generate(ids, [], {
        max_tokens: slow ? 3 : 256,
      });
      outputs.push({ logits, rows, tokens: token_ids });
      engine.destroy();
    }
    const reference = new Float32Array(await load('gguf/llama-q4_1.logits.f32'));
    expect(differenceOf(outputs[0]!.logits, reference)).toBeLessThan(toleranceOf(expected, engine));
    for (const { logits, rows, tokens } of outputs) {
      expect(tokens).toEqual(outputs[0]!.tokens);
      expect(tokens.slice(0, 16)).toEqual(expected.greedy.slice(0, tokens.length));
      expect(differenceOf(logits, outputs[0]!.logits)).toBe(0);
      for (const [i, row] of rows.entries())
        expect(differenceOf(row, outputs[0]!.rows[i]!)).toBe(0);
    }
  });

  test('kernels are timed on the model itself, and only where there is a choice', async () => {
    const options = { gpu: own, ...tiny, units, residency: 'resident' as const };
    const { model } = await openModel({ ...options, prefill_tokens: 16 });
    try {
      const submit = vi.spyOn(own.device.queue, 'submit');
      const choices = await tuneModel(model, 16);
      const { hidden_size, intermediate_size } = tiny.manifest.config;
      const gate_up = { rows: 2 * intermediate_size, cols: hidden_size, type: 'Q4_1' } as const;
      const all = [1, 16].map((tokens) => candidates(gate_up, tokens, units));
      const several = all.some(({ length }) => length > 1);
      expect(submit.mock.calls.length > 0).toBe(several);
      submit.mockRestore();
      const names = all.flat().map(({ name }) => name);
      for (const name of Object.values(choices)) expect(names).toContain(name);
    } finally {
      model.weights.close();
      model.ledger.destroyAll();
    }
  });
});

describe('a model', () => {
  let own: Gpu;
  let tiny: TinyModel;
  let expected: Expected;
  beforeAll(async () => {
    own = gpu;
    tiny = await importTiny('gguf/llama-q4_1.gguf');
    expected = await expectedOf('llama-q4_1');
  });

  test.each([
    { name: 'as it is', open: openDevice },
    { name: 'without optional features', open: openPlainDevice },
  ])(
    'continues a prompt in several chunks alike in every residency on the device $name',
    async ({ open }) => {
      const device = await open();
      // Kernels without subgroups take long on a GPU that is emulated.
      const few = device.adapter.software && open === openPlainDevice ? 6 : 16;
      for (const residency of ['strict', 'streaming', 'resident'] as const) {
        const options = { residency, budget_weights: tiny.manifest.layers[0]!.bytes };
        engine = await openTiny(device, tiny, { ...options, prefill_tokens: 7 });
        const conversation = new Conversation(engine);
        const { token_ids } = await conversation.generate(expected.input_ids[0], [], {
          max_tokens: few,
        });
        expect(token_ids, residency).toEqual(expected.greedy.slice(0, few));
        engine.destroy();
      }
    },
  );

  test('resident, it ends where it is told to, and a next turn goes on from there', async () => {
    engine = await openTiny(own, tiny, { residency: 'resident' });
    const read = engine.weights.bytes_read;
    const conversation = new Conversation(engine);
    const ids = expected.input_ids[0];
    const { greedy } = expected;
    const stopped = await conversation.generate(ids, [greedy[5]!], { max_tokens: 16 });
    expect(stopped.token_ids).toEqual(greedy.slice(0, 5));
    expect(stopped.finish_reason).toBe('stop');
    const longer = [...ids, ...greedy.slice(0, 8)];
    const next = await conversation.generate(longer, [], { max_tokens: 5 });
    expect(next.statistics.cached_tokens).toBe(ids.length + 5);
    expect(next.token_ids).toEqual(greedy.slice(8, 13));
    expect(engine.weights.bytes_read).toBe(read);
    expect(next.statistics.bytes_read).toBe(0);
  });

  test('what is drawn is the same in every residency, also where it takes the whole row', async () => {
    const ids = expected.input_ids[0];
    const whole = vi.spyOn(Sampler.prototype, 'chooseFromAll');
    for (const options of [
      { temperature: 0.8, top_k: 40, top_p: 0.95, repetition_penalty: 1.3 },
      // So flat that some tokens are not among the likeliest, some are.
      { temperature: 1.85, top_p: 0.7, repetition_penalty: 1.1 },
      { temperature: 0, repetition_penalty: 1.5 },
    ]) {
      const texts: string[] = [];
      for (const residency of ['strict', 'resident'] as const) {
        engine = await openTiny(own, tiny, { residency });
        const { token_ids } = await new Conversation(engine).generate(ids, [], {
          ...options,
          seed: 5,
          max_tokens: 16,
        });
        texts.push(String(token_ids));
        engine.destroy();
      }
      expect(texts[1]).toBe(texts[0]);
    }
    const calls = whole.mock.calls.length;
    expect(calls).toBeGreaterThan(2);
    expect(calls).toBeLessThan(2 * 16);
    whole.mockRestore();
  });

  test('resident, it fills the context to its last position and ends there', async () => {
    const ids = expected.input_ids[0];
    const residency = 'resident';
    engine = await openTiny(own, tiny, { residency, context_length: ids.length + 3 });
    const { token_ids, finish_reason } = await new Conversation(engine).generate(ids, [], {
      max_tokens: 100,
    });
    expect(finish_reason).toBe('length');
    expect(token_ids).toEqual(expected.greedy.slice(0, 4));
  });
});

describe('an engine', () => {
  let tiny: TinyModel;
  let ids: readonly number[];
  beforeAll(async () => {
    tiny = await importTiny('gguf/llama-q4_1.gguf');
    ids = (await expectedOf('llama-q4_1')).input_ids[0];
  });

  test('splits tensors that exceed a binding, and gives the same logits bit for bit', async () => {
    // Few enough tokens at once for the activations to fit into such a binding.
    const options = { prefill_tokens: 8 };
    engine = await openTiny(gpu, tiny, options);
    const whole = await logitsOf(engine, ids);
    engine.destroy();
    const limits = { maxBufferSize: 2 ** 22, maxStorageBufferBindingSize: 2 ** 15 };
    const device = new Proxy(gpu.device, {
      get: (target, key) => {
        if (key === 'limits') return limits;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    engine = await openTiny({ ...gpu, device }, tiny, options);
    expect(differenceOf(await logitsOf(engine, ids), whole)).toBe(0);
  });

  test('keeps sequences apart', async () => {
    engine = await openTiny(gpu, tiny, { sequences: 2 });
    const alone = await logitsOf(engine, ids, 0, 0);
    const other = [...ids].reverse();
    await logitsOf(engine, other, 0, 1);
    const again = await logitsOf(engine, ids.slice(12), 12, 0);
    const { vocab_size } = engine.config;
    expect(differenceOf(again, alone.subarray(12 * vocab_size))).toBeLessThan(1e-4);
  });

  test('goes on with a conversation without computing its beginning again', async () => {
    engine = await openTiny(gpu, tiny);
    const conversation = new Conversation(engine);
    const first = await conversation.generate(ids, [], { max_tokens: 5 });
    const longer = [...ids, ...first.token_ids, 17, 18];
    const second = await conversation.generate(longer, [], { max_tokens: 5 });
    expect(second.statistics.cached_tokens).toBe(ids.length + 4);
    const fresh = await new Conversation(engine).generate(longer, [], { max_tokens: 5 });
    expect(fresh.statistics.cached_tokens).toBe(0);
    expect(second.token_ids).toEqual(fresh.token_ids);
  });

  test('goes on as if nothing had happened when more or less of its weights stays on the GPU', async () => {
    const { greedy } = await expectedOf('llama-q4_1');
    const [layer] = tiny.manifest.layers.map(({ bytes }) => bytes);
    engine = await openTiny(gpu, tiny);
    const strict = engine.ledger.read('weights').bytes;
    const conversation = new Conversation(engine);
    const said: number[] = [];
    const goOn = async () => {
      const context = [...ids, ...said];
      const next = await conversation.generate(context, [], { max_tokens: 4 });
      said.push(...next.token_ids);
      return { ...next.statistics, context: context.length };
    };
    await goOn();
    for (const [residency, weights] of [
      ['resident', tiny.manifest.embedding.bytes + 2 * layer! + tiny.manifest.head.bytes],
      ['streaming', layer! + tiny.manifest.head.bytes + layer!],
      ['strict', strict],
    ] as const) {
      await engine.setResidency({ residency, budget_weights: layer! + tiny.manifest.head.bytes });
      expect(engine.residency).toBe(residency);
      expect(engine.ledger.read('weights')).toEqual({ bytes: weights, peak: weights });
      const { context, cached_tokens } = await goOn();
      expect(cached_tokens).toBe(context - 1);
    }
    expect(said).toEqual(greedy.slice(0, 16));
  });

  test('keeps what it has where there is no room for more', async () => {
    const { greedy } = await expectedOf('llama-q4_1');
    engine = await openTiny(gpu, tiny, { residency: 'resident' });
    const conversation = new Conversation(engine);
    const { token_ids } = await conversation.generate(ids, [], { max_tokens: 4 });
    const before = engine.ledger.total();
    for (const residency of ['strict', 'resident'] as const) {
      await expect(engine.setResidency({ residency, budget: 1000 })).rejects.toThrow(
        GpuBudgetError,
      );
      expect(engine.residency).toBe('resident');
      expect(engine.ledger.total()).toBe(before);
    }
    const next = await conversation.generate([...ids, ...token_ids], [], { max_tokens: 4 });
    expect(next.statistics.bytes_read).toBe(0);
    expect([...token_ids, ...next.token_ids]).toEqual(greedy.slice(0, 8));
  });

  test('gives the same sampled text for the same seed, and another for another', async () => {
    engine = await openTiny(gpu, tiny);
    const sampled = async (seed: number) => {
      const options = { temperature: 1.5, top_p: 0.95, max_tokens: 12, seed };
      return (await new Conversation(engine).generate(ids, [], options)).token_ids;
    };
    expect(await sampled(1)).toEqual(await sampled(1));
    expect(await sampled(1)).not.toEqual(await sampled(2));
  });

  test('stops at a stop token and does not count it as text', async () => {
    engine = await openTiny(gpu, tiny);
    const { greedy } = await expectedOf('llama-q4_1');
    const stop = greedy[3]!;
    const shown: number[] = [];
    const { token_ids, finish_reason } = await new Conversation(engine).generate(
      ids,
      [stop],
      { max_tokens: 16 },
      { onToken: (id) => shown.push(id) },
    );
    expect(finish_reason).toBe('stop');
    expect(token_ids).toEqual(greedy.slice(0, greedy.indexOf(stop)));
    expect(shown).toEqual(token_ids);
  });

  test('ends after the current token when it is told to, and can go on afterwards', async () => {
    engine = await openTiny(gpu, tiny);
    const abort = new AbortController();
    const conversation = new Conversation(engine);
    const { token_ids, finish_reason } = await conversation.generate(
      ids,
      [],
      { max_tokens: 16 },
      {
        signal: abort.signal,
        onToken: () => abort.abort(),
      },
    );
    const { greedy } = await expectedOf('llama-q4_1');
    expect(finish_reason).toBe('cancelled');
    expect(token_ids).toEqual(greedy.slice(0, 1));
    const next = await conversation.generate(ids, [], { max_tokens: 3 });
    expect(next.token_ids).toEqual(greedy.slice(0, 3));
  });

  test('fills the context to its last position and ends there', async () => {
    engine = await openTiny(gpu, tiny, { context_length: ids.length + 3 });
    const { token_ids, finish_reason } = await new Conversation(engine).generate(ids, [], {
      max_tokens: 100,
    });
    expect(finish_reason).toBe('length');
    expect(token_ids).toHaveLength(4);
  });

  test('refuses what it cannot do, with typed errors', async () => {
    engine = await openTiny(gpu, tiny, { context_length: 16 });
    await expect(engine.prefill(ids, 0)).rejects.toThrow(ContextLengthError);
    await expect(engine.prefill([512], 0)).rejects.toThrow(TokenRangeError);
    await expect(engine.prefill([-1], 0)).rejects.toThrow(TokenRangeError);
    await expect(engine.prefill([1.5], 0)).rejects.toThrow(TokenRangeError);
    const conversation = new Conversation(engine);
    for (const options of [{ temperature: -1 }, { top_p: 0 }, { max_tokens: 0 }, { seed: -1 }]) {
      await expect(conversation.generate([1], [], options)).rejects.toThrow(SettingError);
    }
    await expect(conversation.generate([], [], {})).rejects.toThrow(SettingError);
  });

  test('refuses to go over its budget, and frees what it had', async () => {
    const budget = 2 ** 20;
    await expect(openTiny(gpu, tiny, { budget })).rejects.toThrow(GpuBudgetError);
    engine = await openTiny(gpu, tiny);
    expect(engine.ledger.total()).toBeGreaterThan(budget);
  });

  test('says so when the weights give logits that are no numbers', async () => {
    const broken = await importTiny('gguf-bad/nan-scales.gguf');
    engine = await openTiny(gpu, broken);
    await engine.prefill([1, 2, 3], 0);
    await expect(engine.tokens([1, 2, 3], GREEDY).next()).rejects.toThrow(NonFiniteLogitsError);
  });
});

function rowsOf(all: Float32Array, rows: readonly number[], width: number): Float32Array {
  const picked = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    picked.set(all.subarray(row * width, (row + 1) * width), i * width);
  }
  return picked;
}

function differenceOf(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
