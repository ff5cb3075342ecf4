import { describe, expect, test } from 'vitest';
import { NonFiniteLogitsError } from '../../src/engine/errors.ts';
import { seededRandom } from '../../src/engine/random.ts';
import { Sampler } from '../../src/engine/sampler.ts';
import {
  allCandidates,
  checkSampling,
  draw,
  type SamplingOptions,
} from '../../src/engine/sampling.ts';
import { readBack } from '../../src/gpu/readback.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { argmax } from './reference/argmax.ts';
import { repetitionPenalty } from './reference/repetition_penalty.ts';

const { gpu, ledger, pipelines, commands } = new Lab(await openDevice());

/** A sampler for rows of `vocab` logits. */
async function samplerOf(vocab: number, quad: boolean) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffer = await ledger.create('activations', 'logits', vocab * 4, usage);
  const next_id = await ledger.create('activations', 'next id', 16, usage);
  const target = { logits: buffer, next_id, vocab_size: vocab, quad };
  const sampler = await Sampler.create(ledger, commands, target);
  await pipelines.prepare(Sampler.specializations(target));
  return async (
    logits: Float32Array<ArrayBuffer>,
    options: Partial<SamplingOptions>,
    u = 0,
    context: number[] = [],
  ) => {
    gpu.device.queue.writeBuffer(buffer, 0, logits);
    gpu.device.queue.writeBuffer(next_id, 0, Uint32Array.of(context.at(-1) ?? 0));
    sampler.begin(context, checkSampling(options));
    const token = (await sampler.choose(context.length, u)) ?? (await sampler.chooseFromAll(u));
    const told = await readBack(ledger, commands, { buffer: next_id, size: 4 });
    expect(new Uint32Array(told)[0]).toBe(token);
    return token;
  };
}

describe.each([
  { vocab: 1, quad: false },
  { vocab: 100, quad: true },
  { vocab: 128, quad: false },
  { vocab: 1025, quad: false },
  { vocab: 49152, quad: false },
  { vocab: 49153, quad: true },
])('from a vocabulary of $vocab, quad: $quad', async ({ vocab, quad }) => {
  const next = await samplerOf(vocab, quad);

  test('greedy decoding takes the likeliest token', async () => {
    const logits = randomFloats(vocab, 1, 10);
    expect(await next(logits, { temperature: 0 })).toBe(argmax(logits));
  });

  test.each<Partial<SamplingOptions>>([
    {},
    { top_k: 5 },
    { top_k: 128 },
    { top_k: 200, top_p: 0.5 },
    { top_p: 0.9 },
    { min_p: 0.05 },
    { top_k: 50, top_p: 0.95, min_p: 0.02 },
  ])('a token drawn with %o is the one that the whole row gives', async (filters) => {
    const random = seededRandom(3);
    for (const [scale, temperature] of [
      [1, 1.5],
      [12, 0.7],
    ] as const) {
      const logits = randomFloats(vocab, scale, scale);
      const options = checkSampling({ temperature, ...filters });
      const u = random();
      const expected = draw(allCandidates(logits, temperature), options, u);
      expect(await next(logits, options, u)).toBe(expected);
    }
  });

  test('tokens of the context are penalized once each, before anything else', async () => {
    const logits = randomFloats(vocab, 4, 10);
    const best = argmax(logits);
    logits[best] = Math.abs(logits[best]!);
    const context = [...Array(200).fill(best), 0, best, vocab - 1];
    const penalized = Float32Array.from(repetitionPenalty(logits, context, Math.fround(1.7)));
    expect(await next(logits, { temperature: 0, repetition_penalty: 1.7 }, 0, context)).toBe(
      argmax(penalized),
    );
  });

  test.each([0, 1])(
    'logits that are not finite are an error at temperature %d',
    async (temperature) => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const logits = randomFloats(vocab, 1);
        logits[vocab - 1] = value;
        const error = await next(logits, { temperature }, 0.5, [0, 0, 0]).catch((reason) => reason);
        expect(error).toBeInstanceOf(NonFiniteLogitsError);
        expect(error.details).toEqual({ position: 3, count: 1 });
      }
    },
  );
});
