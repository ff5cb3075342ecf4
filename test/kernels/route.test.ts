import { expect, test } from 'vitest';
import { gather_tokens, list_tokens, route, scatter_tokens } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned, untouched } from './lab.ts';

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

/** Words from one expert's pass to the next. */
const PASS_WORDS = 64;

test.each([1, 63, 65, 300])('of %i tokens those that take an expert are listed', async (tokens) => {
  const COUNT = 5;
  // Each token takes about half; the fourth expert is taken by nobody, the last by all, one of them by no number.
  const weights = randomFloats(tokens * COUNT, tokens).map((value, i) =>
    i % COUNT === 3 ? -0 : i % COUNT === 4 ? 1 : Math.max(0, value),
  );
  weights[COUNT - 1] = Number.NaN;
  const { listed, passes } = await lab.run(
    { kernel: list_tokens, constants: { COUNT } },
    {
      pass: Uint32Array.of(tokens),
      weights,
      listed: poisoned(tokens * COUNT),
      passes: poisoned(COUNT * PASS_WORDS),
    },
    tokens,
  );
  const words = new Uint32Array(passes!.buffer);
  for (let expert = 0; expert < COUNT; expert++) {
    const all = Array.from({ length: tokens }, (_, token) => token);
    const expected = all.filter((token) => weights[token * COUNT + expert] !== 0);
    const [length, number, first] = words.subarray(expert * PASS_WORDS);
    expect([length, number, first]).toEqual([expected.length, expert, expert * tokens]);
    const list = new Uint32Array(listed!.buffer).subarray(first!, first! + length!);
    expect([...list]).toEqual(expected);
    const rest = all.slice(length);
    expect(rest.every((i) => untouched(listed!, first! + i))).toBe(true);
  }
});

const [WIDTH, COUNT] = [72, 5];
/** Of six tokens the fourth expert's are these; its list begins at 18. */
const TAKEN = [1, 4, 5];
const EXPERT = { pass: Uint32Array.of(TAKEN.length, 3, 18), listed: new Uint32Array(30) };
EXPERT.listed.set(TAKEN, 18);

test('rows of an expert’s tokens are put one behind the other', async () => {
  const x = randomFloats(6 * WIDTH, 1);
  const { y } = await lab.run(
    { kernel: gather_tokens, constants: { WIDTH } },
    { ...EXPERT, x, y: poisoned(6 * WIDTH) },
    6,
  );
  for (const [i, token] of TAKEN.entries()) {
    expect(y!.subarray(i * WIDTH, (i + 1) * WIDTH)).toEqual(
      x.subarray(token * WIDTH, (token + 1) * WIDTH),
    );
  }
  const rest = TAKEN.length * WIDTH;
  expect(y!.subarray(rest).every((_, i) => untouched(y!, rest + i))).toBe(true);
});

test('what an expert made is added to its tokens’ rows, and to no other', async () => {
  const [x, y] = [randomFloats(6 * WIDTH, 1), randomFloats(6 * WIDTH, 2)];
  const weights = randomFloats(6 * COUNT, 3);
  const result = await lab.run(
    { kernel: scatter_tokens, constants: { WIDTH, COUNT } },
    { ...EXPERT, weights, y, x },
    6,
  );
  const expected = Float64Array.from(x);
  const bounds = new Float64Array(x.length);
  for (const [i, token] of TAKEN.entries()) {
    const weight = weights[token * COUNT + 3]!;
    for (let column = 0; column < WIDTH; column++) {
      const [at, added] = [token * WIDTH + column, weight * y[i * WIDTH + column]!];
      expected[at]! += added;
      bounds[at] = 2 * ROUNDING * (Math.abs(x[at]!) + Math.abs(added));
    }
  }
  expect(worstError(result.x!, expected, bounds)).toBeLessThanOrEqual(1);
});
