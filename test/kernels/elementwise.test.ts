import { expect, test } from 'vitest';
import { add_bias, add_scaled, finish_logits } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';

const lab = new Lab(await openDevice());

test.each([false, true])(
  'a bias is put into every row, and added to it: %s',
  async (ACCUMULATE) => {
    for (const [ROWS, Y_STRIDE] of [
      [1, 1],
      [70, 96],
    ] as const) {
      const bias = randomFloats(ROWS, 1);
      const before = randomFloats(3 * Y_STRIDE, 2);
      const constants = { ROWS, Y_STRIDE, ACCUMULATE };
      const data = { pass: Uint32Array.of(3), bias, y: before };
      const { y } = await lab.run({ kernel: add_bias, constants }, data, 3);
      const expected = before.map((value, i) => {
        const row = i % Y_STRIDE;
        return row >= ROWS ? value : Math.fround((ACCUMULATE ? value : 0) + bias[row]!);
      });
      expect(y).toEqual(expected);
    }
  },
);

test('what a block makes is added times a factor', async () => {
  const [WIDTH, SCALE] = [260, 0.22];
  const [x, y] = [randomFloats(2 * WIDTH, 1), randomFloats(2 * WIDTH, 2)];
  const result = await lab.run({ kernel: add_scaled, constants: { WIDTH, SCALE } }, { x, y }, 2);
  const expected = Float64Array.from(x, (value, i) => value + Math.fround(SCALE) * y[i]!);
  const bounds = expected.map((_, i) => 2 * ROUNDING * (Math.abs(x[i]!) + Math.abs(y[i]!)));
  expect(worstError(result.x!, expected, bounds)).toBeLessThanOrEqual(1);
});

test.each([0, 5, 30])('logits are scaled, and with a cap of %d stay below it', async (CAP) => {
  const [COUNT, SCALE] = [77, 0.5];
  const logits = randomFloats(2 * COUNT, 3, 40);
  logits.set([0, 1e4, -1e4, 1e-6, 1e30]);
  const constants = { COUNT, SCALE, CAP };
  const result = await lab.run({ kernel: finish_logits, constants }, { logits }, 2);
  const expected = Float64Array.from(logits, (logit) =>
    CAP === 0 ? SCALE * logit : CAP * Math.tanh((SCALE * logit) / CAP),
  );
  // 1 - exp(-2 |x|) keeps the digits behind the point, not those of a small result.
  const bounds = expected.map((value) => 8 * ROUNDING * (CAP || Math.abs(value)));
  expect(worstError(result.logits!, expected, bounds)).toBeLessThanOrEqual(1);
});
