import { expect, test } from 'vitest';
import { argmax } from '../../src/gpu/kernels.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned, untouched } from './lab.ts';
import { argmax as reference } from './reference/argmax.ts';

const lab = new Lab(await openDevice());

/** Both runs, one after the other. */
async function run(logits: Float32Array, CHUNK = 4096, THREADS = 256) {
  const groups = Math.ceil(logits.length / CHUNK);
  const nothing = new Float32Array(4);
  const first = await lab.run(
    { kernel: argmax, constants: { COUNT: logits.length, FROM_LOGITS: true, CHUNK, THREADS } },
    { logits, found: nothing, best: poisoned(4 * groups), next_id: poisoned(1) },
    1,
  );
  expect(untouched(first.next_id!, 0)).toBe(true);
  const { best, next_id } = await lab.run(
    { kernel: argmax, constants: { COUNT: groups, FROM_LOGITS: false, CHUNK, THREADS } },
    { logits: nothing, found: first.best!, best: poisoned(4), next_id: poisoned(1) },
    1,
  );
  const [id, , not_finite] = new Uint32Array(best!.buffer);
  expect(new Uint32Array(next_id!.buffer)[0]).toBe(id);
  return { id, logit: best![1], not_finite };
}

const SIZES = [1, 5, 100, 257, 4096, 4097, 49152];

test.each(SIZES)('the likeliest of %i tokens is found wherever it stands', async (vocab) => {
  for (const at of new Set([0, vocab >> 1, vocab - 1])) {
    const logits = randomFloats(vocab, at, 20);
    logits[at] = 21;
    expect(await run(logits)).toEqual({ id: at, logit: 21, not_finite: 0 });
  }
  const logits = randomFloats(vocab, 5, 20);
  const id = reference(logits);
  for (const chunk of [4096, 1000, 65536]) {
    for (const threads of [256, 16]) {
      const found = await run(logits, chunk, threads);
      expect(found).toEqual({ id, logit: logits[id], not_finite: 0 });
    }
  }
});

test.each(SIZES)('of %i equally likely tokens the first wins', async (vocab) => {
  for (const value of [0, -7.5, -3.4028234663852886e38]) {
    const logits = new Float32Array(vocab).fill(value);
    expect(await run(logits)).toEqual({ id: 0, logit: value, not_finite: 0 });
  }
});

test('of equals in any two places the first wins', async () => {
  for (const [first, second] of [
    [3, 4],
    [3, 259],
    [200, 260],
    [255, 256],
    [0, 1023],
  ] as const) {
    const logits = randomFloats(1024, 1);
    logits[first] = logits[second] = 2;
    for (const threads of [256, 16]) {
      expect((await run(logits, 4096, threads)).id).toBe(first);
    }
  }
});

test('logits that are all below −3.4e38 still have a best', async () => {
  const logits = new Float32Array(300).fill(-3.4028234663852886e38);
  logits[299] = -3.402e38;
  expect((await run(logits)).id).toBe(299);
});

test('every NaN and infinity is counted', async () => {
  for (const [bad, count] of [
    [[Number.NaN], 1],
    [[Number.NaN, Infinity, -Infinity], 3],
  ] as const) {
    const logits = randomFloats(1025, 2);
    for (const [i, value] of bad.entries()) logits[1024 - 300 * i] = value;
    expect((await run(logits)).not_finite).toBe(count);
  }
  expect((await run(new Float32Array(1025).fill(Number.NaN))).not_finite).toBe(1025);
});
