import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/engine/random.ts';
import { draw, GREEDY, type SamplingOptions } from '../../src/engine/sampling.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';

const lab = new Lab(await openDevice());
const VOCAB = 500;
const NOBODY = 0xffffffff;
/** A number so close to the border of a token's share may fall to its neighbour. */
const BORDER = 1e-5;

/** Logits, likeliest first, of random tokens. */
function candidatesOf(count: number, seed: number, scale: number) {
  const random = seededRandom(seed);
  const logits = Float32Array.from({ length: count }, () => scale * (random() - 0.5));
  logits.sort().reverse();
  const ids = Uint32Array.from({ length: VOCAB }, (_, i) => i);
  for (let i = VOCAB - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [ids[i], ids[other]] = [ids[other]!, ids[i]!];
  }
  return { ids: ids.slice(0, count), logits };
}

interface Case {
  readonly ids: Uint32Array;
  readonly logits: Float32Array;
  readonly total: number;
  readonly complete: boolean;
  readonly listed?: number;
}

async function run(candidates: Case, options: SamplingOptions, u: number) {
  const { ids, logits, total, complete, listed = 0 } = candidates;
  const pairs = new Uint32Array(2 * ids.length);
  for (const [i, id] of ids.entries()) {
    pairs[2 * i] = id;
    new Float32Array(pairs.buffer)[2 * i + 1] = logits[i]!;
  }
  const sampling = Float32Array.of(
    ...[options.temperature, u, 0, options.top_p, options.min_p, 0, 0, 0],
  );
  new Uint32Array(sampling.buffer)[2] = options.top_k;
  const constants = { COUNT: ids.length, COMPLETE: complete, MOST: 300 };
  const before = Float32Array.of(0, total, 0, 0);
  const results = await lab.run(
    { kernel: kernels.draw, constants },
    {
      ...{ sampling, candidates: pairs, listed: Uint32Array.of(listed), result: before },
      next_id: Uint32Array.of(7),
    },
    1,
  );
  const words = (name: string) => new Uint32Array(results[name]!.buffer);
  const [token, kept_total] = [words('result')[0]!, results.result![1]];
  expect(kept_total).toBe(Math.fround(total));
  return { token, next_id: words('next_id')[0]! };
}

const OPTIONS: readonly Partial<SamplingOptions>[] = [
  {},
  { top_k: 1 },
  { top_k: 40 },
  { top_k: 128 },
  { top_k: 400 },
  { top_p: 0.9 },
  { top_p: 0.999999 },
  { min_p: 0.05 },
  { min_p: 1 },
  { top_k: 40, top_p: 0.5, min_p: 0.1 },
  { top_k: 400, top_p: 0.5 },
  { temperature: 0.3, top_p: 0.8 },
  { temperature: 3, top_k: 7, min_p: 0.2 },
];

describe.each([
  { count: 128, complete: false },
  { count: 90, complete: true },
  { count: 1, complete: true },
])('of $count candidates, complete: $complete', ({ count, complete }) => {
  test.each(OPTIONS)('it draws as the reference does, with %o', async (some) => {
    const options: SamplingOptions = { ...GREEDY, temperature: 1, ...some };
    const random = seededRandom(1);
    let drawn = 0;
    for (let turn = 0; turn < 12; turn++) {
      const { ids, logits } = candidatesOf(count, turn, turn % 2 ? 20 : 4);
      const weights = [...logits].map((l) => Math.exp((l - logits[0]!) / options.temperature));
      const sum = weights.reduce((a, b) => a + b, 0);
      const candidates = { ids, logits, total: complete ? sum : sum * 1.1, complete };
      const u = random();
      const { token, next_id } = await run(candidates, options, u);
      const around = [u - BORDER, u, u + BORDER].map((v) =>
        draw(candidates, options, Math.min(Math.max(v, 0), 1 - 2 ** -32)),
      );
      expect(around.map((id) => id ?? NOBODY)).toContain(token);
      if (token === NOBODY) continue;
      drawn++;
      expect(next_id).toBe(token);
    }
    const bounded = complete || (options.top_k > 0 && options.top_k <= count);
    if (bounded) expect(drawn).toBe(12);
  });
});

test('it draws nobody where more tokens are as likely as the last than were listed', async () => {
  const { ids, logits } = candidatesOf(128, 3, 4);
  const candidates = { ids, logits, total: 100, complete: false };
  const options = { ...GREEDY, temperature: 1, top_k: 5 };
  expect((await run({ ...candidates, listed: 300 }, options, 0.5)).token).not.toBe(NOBODY);
  expect((await run({ ...candidates, listed: 301 }, options, 0.5)).token).toBe(NOBODY);
});

test('every candidate is drawn as often as it is likely', async () => {
  const ids = Uint32Array.of(4, 9, 2);
  const logits = Float32Array.of(2, 1, 0);
  const weights = [...logits].map((l) => Math.exp(l - 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const counts = new Map<number, number>();
  const steps = 60;
  for (let step = 0; step < steps; step++) {
    const options = { ...GREEDY, temperature: 1 };
    const { token } = await run(
      { ids, logits, total, complete: true },
      options,
      (step + 0.5) / steps,
    );
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  for (const [i, id] of ids.entries()) {
    expect(Math.abs(counts.get(id)! - (steps * weights[i]!) / total)).toBeLessThan(1);
  }
});
