import { expect, test } from 'vitest';
import { top_k } from '../../src/gpu/kernels.ts';
import { randomFloats, randomIntegers } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { topK } from './reference/top_k.ts';

const lab = new Lab(await openDevice());
/** Candidates that one workgroup sorts. */
const SORTED = 1024;

/** Runs the kernel over the logits and over its own output until one list of `keep` is left. */
async function run(logits: Float32Array, keep: number) {
  let count = logits.length;
  let candidates = new Float32Array(2);
  for (let first = true; first || count > keep; first = false) {
    const groups = Math.ceil(count / SORTED);
    const constants = { COUNT: count, FROM_LOGITS: first, KEEP: keep };
    const data = { logits, candidates, kept: poisoned(groups * keep * 2) };
    const { kept } = await lab.run({ kernel: top_k, constants }, data, 1);
    candidates = kept!;
    count = groups * keep;
  }
  const length = Math.min(keep, logits.length);
  const words = new Uint32Array(candidates.buffer);
  return {
    ids: Uint32Array.from({ length }, (_, i) => words[2 * i]!),
    logits: Float32Array.from({ length }, (_, i) => candidates[2 * i + 1]!),
  };
}

async function check(logits: Float32Array, keep: number): Promise<void> {
  const ids = topK(logits, keep);
  expect(await run(logits, keep)).toEqual({
    ids,
    logits: Float32Array.from(ids, (id) => logits[id]!),
  });
}

test.each([1, 100, 1024, 1025, 49152])(
  'the likeliest of %i tokens come out as a full sort has them',
  async (vocab) => {
    await check(randomFloats(vocab, vocab, 20), 128);
  },
);

test.each([100, 1025, 49152])(
  'of equals among %i tokens those with the lowest ids come first',
  async (vocab) => {
    const few = Float32Array.from(randomIntegers(vocab, 1, 7), (value) => value - 3);
    await check(few, 128);
    await check(new Float32Array(vocab), 128);
  },
);

test('no more than asked for are kept', async () => {
  await check(randomFloats(1025, 3), 5);
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
  await check(new Float32Array(1025).fill(-3.4028234663852886e38), 128);
});
