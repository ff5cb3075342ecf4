import { expect, test } from 'vitest';
import { repetition_penalty } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats, shuffled } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { repetitionPenalty } from './reference/repetition_penalty.ts';

const lab = new Lab(await openDevice());
const VOCAB = 1025;

/** WGSL's division may be 2.5 units in the last place off; a token not named keeps its logit bit for bit. */
const ROUNDINGS = 5;

test.each([0, 1, 64, 1000])(
  '%i tokens and the last become less likely, the others stay',
  async (count) => {
    const logits = randomFloats(VOCAB, count, 20);
    logits[0] = 0;
    const named = new Set(shuffled(VOCAB, count).subarray(0, count));
    for (const [penalty, last] of [
      [1.1, 0],
      [0.5, 1024],
      [30, 5],
    ] as const) {
      const before = Uint32Array.from({ length: VOCAB }, (_, id) => Number(named.has(id)));
      const { logits: y, seen } = await lab.run(
        { kernel: repetition_penalty, constants: { VOCAB } },
        { penalty: Float32Array.of(penalty), last: Uint32Array.of(last), seen: before, logits },
        1,
      );
      const all = new Set([...named, last]);
      const expected = repetitionPenalty(logits, all, Math.fround(penalty));
      const bounds = expected.map((value, id) =>
        all.has(id) ? ROUNDINGS * ROUNDING * Math.abs(value) : 0,
      );
      expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
      const flags = new Uint32Array(seen!.buffer);
      expect([...flags]).toEqual(Array.from(flags, (_, id) => Number(all.has(id))));
    }
  },
);
