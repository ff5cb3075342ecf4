import { expect, test } from 'vitest';
import { repetition_penalty } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { repetitionPenalty } from './reference/repetition_penalty.ts';

const lab = new Lab(await openDevice());

/** WGSL's division may be 2.5 units in the last place off; a token not named keeps its logit bit for bit. */
const ROUNDINGS = 5;

test.each([1, 5, 64, 65, 1000])('%i tokens become less likely, the others stay', async (count) => {
  const logits = randomFloats(1025, count, 20);
  logits[0] = 0;
  // Behind the ids that count lie others, as in a buffer that is used again.
  const ids = shuffled(1025, count);
  const named = new Set(ids.subarray(0, count));
  for (const penalty of [1.1, 0.5, 30]) {
    const settings = new Uint32Array(2);
    new Float32Array(settings.buffer)[0] = penalty;
    settings[1] = count;
    const { logits: y } = await lab.run(
      { kernel: repetition_penalty, constants: {} },
      { settings, ids, logits },
      count,
    );
    const expected = repetitionPenalty(logits, named, Math.fround(penalty));
    const bounds = expected.map((value, id) =>
      named.has(id) ? ROUNDINGS * ROUNDING * Math.abs(value) : 0,
    );
    expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
  }
});
