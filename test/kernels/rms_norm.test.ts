import { expect, test } from 'vitest';
import type { Kernel } from '../../src/gpu/kernel.ts';
import { rms_norm, withSubgroups } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { rmsNorm } from './reference/rms_norm.ts';

const lab = new Lab(await openDevice());
const SUBGROUP = lab.gpu.subgroup_size ?? 0;
const FORMS: readonly { kernel: Kernel; constants: { THREADS: number; SUBGROUP?: number } }[] = [
  { kernel: rms_norm, constants: { THREADS: 64 } },
  ...(SUBGROUP ? [16, 64] : []).map((THREADS) => ({
    kernel: withSubgroups(rms_norm),
    constants: { THREADS, SUBGROUP },
  })),
];

async function check(x: Float32Array, hidden: number, eps: number): Promise<void> {
  for (const form of FORMS) await checkForm(form, x, hidden, eps);
}

/**
 * A square is rounded itself, once for each of its invocation's vectors, in the reduction, and twice where a vector is
 * added up; the root halves their sum. Behind it, in WGSL's accuracies: a division and a root, 19 roundings with the
 * two products.
 */
async function checkForm(
  { kernel, constants: form }: (typeof FORMS)[number],
  x: Float32Array,
  hidden: number,
  eps: number,
): Promise<void> {
  const weight = randomFloats(hidden, 2, 4);
  const tokens = x.length / hidden;
  const constants = { HIDDEN: hidden, EPS: eps, ...form };
  const { y } = await lab.run({ kernel, constants }, { x, weight, y: poisoned(x.length) }, tokens);
  const expected = rmsNorm(x, weight, eps);
  const roundings =
    (1 + Math.ceil(hidden / (4 * form.THREADS)) + Math.log2(form.THREADS) + 2) / 2 + 19;
  const bounds = expected.map((value) => roundings * ROUNDING * Math.abs(value));
  expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
}

test.each([4, 20, 64, 252, 260, 576, 2048])(
  'each token of width %i is divided by its root mean square',
  async (hidden) => {
    for (const tokens of [1, 2, 5, 33])
      await check(randomFloats(tokens * hidden, tokens), hidden, 1e-5);
  },
);

test('a residual of 27,000, whose square leaves f16, is normed as well as any', async () => {
  const x = randomFloats(3 * 576, 1, 40);
  for (const [i, value] of [27000, -27000, 26999.5].entries()) x[i * 576 + 100 * i] = value;
  await check(x, 576, 1e-5);
});

test('very small and very large tokens keep their digits', async () => {
  for (const scale of [1e-12, 1e-3, 1e12]) await check(randomFloats(2 * 64, 3, scale), 64, 1e-5);
});

test('places behind the values do not count, stored weights may lack 1, and the result may be added', async () => {
  const [hidden, values, tokens] = [64, 50, 3];
  const random = randomFloats(tokens * values, 1);
  const weight = randomFloats(values, 2);
  const before = randomFloats(tokens * hidden, 3);
  const padded = (x: Float32Array) =>
    Float32Array.from({ length: (x.length / values) * hidden }, (_, i) =>
      i % hidden < values ? x[Math.floor(i / hidden) * values + (i % hidden)]! : 0,
    );
  const constants = {
    HIDDEN: hidden,
    VALUES: values,
    EPS: 1e-5,
    WEIGHT_OFFSET: 1,
    ACCUMULATE: true,
  };
  for (const { kernel, constants: form } of FORMS) {
    const { y } = await lab.run(
      { kernel, constants: { ...constants, ...form } },
      { x: padded(random), weight: padded(weight), y: before },
      tokens,
    );
    const normed = padded(
      Float32Array.from(
        rmsNorm(
          random,
          weight.map((w) => 1 + w),
          1e-5,
        ),
      ),
    );
    const expected = Float64Array.from(before, (value, i) => value + normed[i]!);
    const bounds = expected.map(
      (value, i) => 30 * ROUNDING * (Math.abs(value) + Math.abs(normed[i]!)),
    );
    expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
  }
});

test('a token of zeros stays zero', async () => {
  await check(new Float32Array(2 * 64), 64, 1e-5);
});
