import { expect, test } from 'vitest';
import { softmax_sum } from '../../src/gpu/kernels.ts';
import { ROUNDING } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { softmaxSum } from './reference/softmax_sum.ts';

const lab = new Lab(await openDevice());

/** Both runs, one after the other. */
async function run(logits: Float32Array, temperature: number, CHUNK = 4096, THREADS = 256) {
  const COUNT = logits.length;
  const groups = Math.ceil(COUNT / CHUNK);
  const sampling = Float32Array.of(temperature);
  const nothing = new Float32Array(4);
  const first = await lab.run(
    { kernel: softmax_sum, constants: { COUNT, FROM_LOGITS: true, CHUNK, THREADS } },
    { sampling, logits, found: nothing, sums: poisoned(4 * groups) },
    1,
  );
  const { sums: sum } = await lab.run(
    { kernel: softmax_sum, constants: { COUNT: groups, FROM_LOGITS: false, CHUNK, THREADS } },
    { sampling, logits: nothing, found: first.sums!, sums: poisoned(4) },
    1,
  );
  return { largest: sum![0]!, total: sum![1]!, not_finite: new Uint32Array(sum!.buffer)[2] };
}

/**
 * The exponent x is off by one rounding and one division (2.5 units in the last place), exp by 3 + 2 |x|: relative
 * errors of a term of (6 + 10 |x|) roundings. It is made in two steps whose exponents add up to x, and multiplied; its
 * way through the sums adds a rounding for each term of its invocation and for each halving of the invocations, in both
 * runs.
 */
function boundOf(logits: Float32Array, temperature: number, chunk: number, threads: number) {
  const { largest } = softmaxSum(logits, temperature);
  const terms = Math.min(logits.length, chunk);
  const sums = Math.ceil(logits.length / chunk);
  const depth = Math.ceil(terms / threads) + Math.ceil(sums / threads) + 2 * Math.log2(threads);
  return logits.reduce((bound, logit) => {
    const x = (logit - largest) / temperature;
    return bound + Math.exp(x) * (13 + 10 * Math.abs(x) + depth) * ROUNDING;
  }, 0);
}

/** Logits of a workgroup, and its invocations. */
const FORMS = [
  [4096, 256],
  [1000, 256],
  [65536, 256],
  [4096, 16],
] as const;

test.each([1, 5, 100, 255, 257, 1025, 49152])(
  'the softmax’s sum over %i tokens, at several temperatures',
  async (vocab) => {
    for (const temperature of [0.125, 0.75, 1, 4]) {
      for (const scale of [1e-6, 1, 30]) {
        const logits = randomFloats(vocab, vocab, scale);
        const expected = softmaxSum(logits, temperature);
        for (const [chunk, threads] of FORMS) {
          const { largest, total, not_finite } = await run(logits, temperature, chunk, threads);
          expect({ largest, not_finite }).toEqual({ largest: expected.largest, not_finite: 0 });
          const bound = boundOf(logits, temperature, chunk, threads);
          expect(Math.abs(total - expected.total)).toBeLessThanOrEqual(bound);
        }
      }
    }
  },
);

test('logits that differ by thousands leave the largest alone', async () => {
  expect(await run(Float32Array.of(-9000, 5000, -2e4), 1)).toEqual({
    largest: 5000,
    total: 1,
    not_finite: 0,
  });
});

test('every NaN and infinity is counted', async () => {
  const logits = randomFloats(1025, 2);
  logits[3] = Number.NaN;
  logits[700] = Number.POSITIVE_INFINITY;
  logits[1024] = Number.NEGATIVE_INFINITY;
  expect((await run(logits, 1)).not_finite).toBe(3);
});
