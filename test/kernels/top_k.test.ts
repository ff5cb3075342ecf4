import { expect, test } from 'vitest';
import { top_k } from '../../src/gpu/kernels.ts';
import { randomFloats, randomIntegers, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { topK } from './reference/top_k.ts';

const lab = new Lab(await openDevice());

/** Runs the kernel over logits, or over candidates in disorder. */
async function run(logits: Float32Array, keep: number, THREADS: number, order?: Uint32Array) {
  const count = logits.length;
  const candidates = new Float32Array(2 * count);
  for (const [i, id] of order?.entries() ?? []) {
    new Uint32Array(candidates.buffer)[2 * i] = id;
    candidates[2 * i + 1] = logits[id]!;
  }
  const constants = { COUNT: count, FROM_LOGITS: !order, KEEP: keep, THREADS };
  const data = { logits, candidates, kept: poisoned(keep * 2) };
  const { kept } = await lab.run({ kernel: top_k, constants }, data, 1);
  const length = Math.min(keep, count);
  const words = new Uint32Array(kept!.buffer);
  return {
    ids: Uint32Array.from({ length }, (_, i) => words[2 * i]!),
    logits: Float32Array.from({ length }, (_, i) => kept![2 * i + 1]!),
  };
}

async function check(logits: Float32Array, keep: number): Promise<void> {
  const ids = topK(logits, keep);
  const expected = { ids, logits: Float32Array.from(ids, (id) => logits[id]!) };
  for (const threads of [256, 16]) {
    expect(await run(logits, keep, threads)).toEqual(expected);
    expect(await run(logits, keep, threads, shuffled(logits.length, 3))).toEqual(expected);
  }
}

test.each([1, 333, 1024])(
  'the likeliest of %i tokens come out as a full sort has them',
  async (vocab) => {
    await check(randomFloats(vocab, vocab, 20), 128);
  },
);

test.each([333, 1024])(
  'of equals among %i tokens those with the lowest ids come first',
  async (vocab) => {
    const few = Float32Array.from(randomIntegers(vocab, 1, 7), (value) => value - 3);
    await check(few, 128);
    await check(new Float32Array(vocab), 128);
  },
);

test('no more than asked for are kept', async () => {
  await check(randomFloats(333, 3), 5);
});

test('a whole list of 1,024 is sorted', async () => {
  await check(randomFloats(1024, 1), 1024);
  await check(
    Float32Array.from({ length: 1024 }, (_, i) => i),
    1024,
  );
  await check(
    Float32Array.from({ length: 1024 }, (_, i) => -i),
    1024,
  );
});

test('the least likely logits that f32 has still come before nobody', async () => {
  await check(new Float32Array(333).fill(-3.4028234663852886e38), 128);
});
