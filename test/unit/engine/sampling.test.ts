import { describe, expect, test } from 'vitest';
import { SettingError } from '../../../src/engine/errors.ts';
import { seededRandom } from '../../../src/engine/random.ts';
import {
  allCandidates,
  type Candidates,
  checkSampling,
  draw,
  GREEDY,
  type SamplingOptions,
} from '../../../src/engine/sampling.ts';
import { probabilities } from './generate_reference.ts';

const VOCAB = 40;
const random = seededRandom(11);
const LOGITS = Float32Array.from({ length: VOCAB }, () => 12 * random() - 6);

const FILTERS: Partial<SamplingOptions>[] = [];
for (const temperature of [0.3, 1, 2.5]) {
  for (const top_k of [0, 1, 3, 12, 100]) {
    for (const top_p of [1, 0.9, 0.4, 1e-6]) {
      for (const min_p of [0, 0.02, 0.3, 1]) FILTERS.push({ temperature, top_k, top_p, min_p });
    }
  }
}

/** How often each token is drawn if u goes evenly through [0, 1). */
function frequencies(candidates: Candidates, options: SamplingOptions, steps: number): number[] {
  const counts = new Array(VOCAB).fill(0);
  for (let i = 0; i < steps; i++) counts[draw(candidates, options, (i + 0.5) / steps)!]++;
  return counts.map((count) => count / steps);
}

describe('a draw', () => {
  test.each(FILTERS)('with %o has the probabilities of Hugging Face’s generate', (filters) => {
    const options = checkSampling(filters);
    const steps = 2000;
    const drawn = frequencies(allCandidates(LOGITS, options.temperature), options, steps);
    for (const [id, probability] of probabilities(LOGITS, options).entries()) {
      // An interval of length p holds p * steps of the evenly spaced u, give or take one.
      expect(Math.abs(drawn[id]! - probability)).toBeLessThanOrEqual(1.001 / steps);
    }
  });

  test.each(FILTERS)(
    'with %o from the likeliest 8 is that from all, or asks for all',
    (filters) => {
      const options = checkSampling(filters);
      const all = allCandidates(LOGITS, options.temperature);
      const few = {
        ...all,
        ids: all.ids.slice(0, 8),
        logits: all.logits.slice(0, 8),
        complete: false,
      };
      const reach = probabilities(LOGITS, options).filter((probability) => probability > 0).length;
      const share_known = options.top_p === 1 || options.top_k <= 8;
      for (const u of [0, 0.2, 0.5, 0.9, 1 - 2 ** -32]) {
        const token = draw(few, options, u);
        if (token !== null) expect(token).toBe(draw(all, options, u));
        if (reach < 8 && share_known) expect(token).not.toBeNull();
        if (reach > 8) expect(token).toBeNull();
      }
    },
  );

  test('of equally likely tokens gives each its turn, the lowest id first', () => {
    const all = allCandidates(new Float32Array(4), 1);
    const options = checkSampling({ temperature: 1, min_p: 1 });
    const drawn = [0, 0.24, 0.26, 0.49, 0.51, 0.76, 1 - 2 ** -32].map((u) => draw(all, options, u));
    expect(drawn).toEqual([0, 0, 1, 1, 2, 3, 3]);
  });

  test('at the lowest temperatures takes the likeliest', () => {
    for (const temperature of [1e-3, 1e-30, Number.MIN_VALUE]) {
      const options = checkSampling({ temperature });
      const all = allCandidates(LOGITS, temperature);
      expect(draw(all, options, 0.999)).toBe(all.ids[0]);
    }
  });
});

describe('settings', () => {
  test('are those of greedy decoding unless given', () => {
    expect(checkSampling({})).toEqual(GREEDY);
    expect(checkSampling({ temperature: 0.7, seed: 5 })).toEqual({
      ...GREEDY,
      temperature: 0.7,
      seed: 5,
    });
  });

  test.each([
    ['temperature', [0, 100], [-0.1, 100.1, Number.NaN, Number.POSITIVE_INFINITY]],
    ['top_k', [0, 1, 1e9], [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]],
    ['top_p', [1e-9, 1], [0, -1, 1.01, Number.NaN]],
    ['min_p', [0, 1], [-0.1, 1.1, Number.NaN]],
    ['repetition_penalty', [0.01, 100], [0, -1, 101, Number.NaN]],
    ['seed', [0, Number.MAX_SAFE_INTEGER], [-1, 0.5, 2 ** 53, Number.NaN]],
  ] as const)('%s out of range is refused with what is allowed', (setting, good, bad) => {
    for (const value of good) expect(checkSampling({ [setting]: value })[setting]).toBe(value);
    for (const value of [...bad, '1', null, undefined]) {
      const check = () => checkSampling({ [setting]: value } as Partial<SamplingOptions>);
      expect(check).toThrow(SettingError);
      expect(check).toThrow(new RegExp(`^${setting} is ${value}; allowed: .*(number|whole)`));
    }
  });
});
