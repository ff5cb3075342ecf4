import { expect, test } from 'vitest';
import type { Constants, Kernel } from '../../src/gpu/kernel.ts';
import { layer_norm, qk_norm, withSubgroups } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { layerNorm } from './reference/layer_norm.ts';
import { rmsNorm } from './reference/rms_norm.ts';

const lab = new Lab(await openDevice());
const SUBGROUP = lab.gpu.subgroup_size;
/** Through the workgroup's memory, and where there are subgroups through them. */
const FORMS: readonly { form: (kernel: Kernel) => Kernel; constants: Constants }[] = [
  { form: (kernel) => kernel, constants: { THREADS: 64 } },
  ...(SUBGROUP ? [{ form: withSubgroups, constants: { THREADS: 16, SUBGROUP } }] : []),
];
const EPS = 1e-5;
/** Of the sums over a row, the root, the division and what follows. */
const ROUNDINGS = 60;

/** Rows of `values`, each with zeros behind it up to `places`. */
function padded(x: Float32Array, values: number, places: number): Float32Array<ArrayBuffer> {
  const y = new Float32Array((x.length / values) * places);
  for (let row = 0; row < x.length / values; row++) {
    y.set(x.subarray(row * values, (row + 1) * values), row * places);
  }
  return y;
}

test.each([
  { values: 4, places: 4 },
  { values: 50, places: 64 },
  { values: 576, places: 576 },
  { values: 1030, places: 1056 },
])('a layer norm of $values values in $places places', async ({ values, places }) => {
  const [weight, bias] = [randomFloats(values, 2), randomFloats(values, 3)];
  for (const { form, constants } of FORMS) {
    for (const [tokens, ACCUMULATE] of [
      [1, false],
      [5, true],
    ] as const) {
      // Far from zero: the mean has to go before squares are taken.
      const x = randomFloats(tokens * values, tokens).map((value) => value + 10);
      const before = randomFloats(tokens * places, 7);
      const { y } = await lab.run(
        {
          kernel: form(layer_norm),
          constants: { HIDDEN: places, VALUES: values, EPS, ACCUMULATE, ...constants },
        },
        {
          x: padded(x, values, places),
          weight: padded(weight, values, places),
          bias: padded(bias, values, places),
          y: before,
        },
        tokens,
      );
      const normed = padded(Float32Array.from(layerNorm(x, weight, bias, EPS)), values, places);
      const expected = Float64Array.from(normed, (v, i) => v + (ACCUMULATE ? before[i]! : 0));
      // The mean's own roundings are ten times as large as those of a value near zero.
      const bounds = expected.map((v) => 10 * ROUNDINGS * ROUNDING * (1 + Math.abs(v)));
      expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
    }
  }
});

test.each([
  { WHOLE: false, HEAD_DIM: 6, offset: 0 },
  { WHOLE: false, HEAD_DIM: 128, offset: 1 },
  { WHOLE: true, HEAD_DIM: 50, offset: 0 },
])(
  'queries and keys are normed by themselves, values are not (all heads together: $WHOLE)',
  async ({ WHOLE, HEAD_DIM, offset }) => {
    const [HEADS, KV_HEADS, tokens] = [6, 2, 3];
    const width = (HEADS + 2 * KV_HEADS) * HEAD_DIM;
    const query = randomFloats(WHOLE ? HEADS * HEAD_DIM : HEAD_DIM, 1);
    const key = randomFloats(WHOLE ? KV_HEADS * HEAD_DIM : HEAD_DIM, 2);
    const qkv = randomFloats(tokens * width, 3);
    const expected = Float64Array.from(qkv);
    for (let token = 0; token < tokens; token++) {
      const part = (weight: Float32Array, first: number, heads: number) => {
        const at = token * width + first * HEAD_DIM;
        const rows = qkv.subarray(at, at + heads * HEAD_DIM);
        expected.set(
          rmsNorm(
            rows,
            weight.map((w) => w + offset),
            EPS,
          ),
          at,
        );
      };
      part(query, 0, HEADS);
      part(key, HEADS, KV_HEADS);
    }
    for (const { form, constants } of FORMS) {
      const { qkv: actual } = await lab.run(
        {
          kernel: form(qk_norm),
          constants: { HEADS, KV_HEADS, HEAD_DIM, WHOLE, EPS, WEIGHT_OFFSET: offset, ...constants },
        },
        { weight: Float32Array.of(...query, ...key), qkv },
        tokens,
      );
      const bounds = expected.map((v) => ROUNDINGS * ROUNDING * Math.abs(v));
      expect(worstError(actual!, expected, bounds)).toBeLessThanOrEqual(1);
    }
  },
);
