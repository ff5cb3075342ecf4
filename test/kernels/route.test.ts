import { expect, test } from 'vitest';
import { route, scale_rows } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';

const lab = new Lab(await openDevice());

/** Softmax over all; the largest stay, and may be made to add up to 1. */
function routed(logits: Float32Array, per_token: number, normalised: boolean): number[] {
  const all = [...logits].map(Math.exp);
  const order = [...all.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  const chosen = order.slice(0, per_token);
  const sum = (normalised ? chosen : order).reduce((total, e) => total + all[e]!, 0);
  return all.map((weight, e) => (chosen.includes(e) ? weight / sum : 0));
}

test.each([
  { COUNT: 1, PER_TOKEN: 1, NORMALISED: true },
  { COUNT: 4, PER_TOKEN: 2, NORMALISED: true },
  { COUNT: 8, PER_TOKEN: 3, NORMALISED: false },
  { COUNT: 128, PER_TOKEN: 8, NORMALISED: true },
])('of $COUNT experts each token takes its $PER_TOKEN', async (constants) => {
  const { COUNT, PER_TOKEN, NORMALISED } = constants;
  for (const tokens of [1, 70]) {
    const logits = randomFloats(tokens * COUNT, tokens, 4);
    // Two that are alike: the first counts as the larger.
    if (COUNT > 1) logits[1] = logits[0]!;
    const { weights } = await lab.run(
      { kernel: route, constants },
      { pass: Uint32Array.of(tokens), logits, weights: poisoned(logits.length) },
      tokens,
    );
    const expected = Float64Array.from(
      Array.from({ length: tokens }, (_, token) =>
        routed(logits.subarray(token * COUNT, (token + 1) * COUNT), PER_TOKEN, NORMALISED),
      ).flat(),
    );
    const bounds = expected.map((weight) => (80 + COUNT) * ROUNDING * weight);
    expect(worstError(weights!, expected, bounds)).toBeLessThanOrEqual(1);
  }
});

test('a row is multiplied by what its expert counts for it', async () => {
  const [WIDTH, COUNT, tokens] = [72, 5, 3];
  const [weights, y] = [randomFloats(tokens * COUNT, 1), randomFloats(tokens * WIDTH, 2)];
  const result = await lab.run(
    { kernel: scale_rows, constants: { WIDTH, COUNT } },
    { expert: Uint32Array.of(3), weights, y },
    tokens,
  );
  const expected = y.map((value, i) =>
    Math.fround(value * weights[Math.floor(i / WIDTH) * COUNT + 3]!),
  );
  expect(result.y).toEqual(expected);
});
