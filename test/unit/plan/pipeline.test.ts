import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/engine/random.ts';
import {
  fitSlowdown,
  type PipelineStep,
  pipelineSeconds,
  steadySeconds,
} from '../../../src/plan/pipeline.ts';

const FREE = { pieces: 6, slowdown: 0 };
const steps = (count: number, read: number, compute: number): PipelineStep[] =>
  Array.from({ length: count }, () => ({ reads: [read], compute }));
const resident = (count: number, compute: number): PipelineStep[] =>
  Array.from({ length: count }, () => ({ reads: [], compute }));

test('with nothing to read a pass takes what its steps compute', () => {
  expect(pipelineSeconds(resident(5, 2), FREE)).toBe(10);
});

test('with nothing to compute it takes what is read', () => {
  expect(pipelineSeconds(steps(5, 2, 0), FREE)).toBe(10);
});

test('the slower of reading and computing sets the pace, the other one shows at one end only', () => {
  expect(pipelineSeconds(steps(4, 3, 1), FREE)).toBe(4 * 3 + 1);
  expect(pipelineSeconds(steps(4, 1, 3), FREE)).toBe(1 + 4 * 3);
});

test('what hinders each other fully takes as long as one after the other', () => {
  // Read, then three times both at half speed and once computing alone.
  expect(pipelineSeconds(steps(4, 1, 1), { pieces: 6, slowdown: 1 })).toBe(8);
});

test('a ring of one piece lets reading be one piece ahead', () => {
  const two: PipelineStep = { reads: [1, 1], compute: 1 };
  // Two pieces, then one while the first step computes; the fourth waits for the second step to take the third.
  expect(pipelineSeconds([two, two], { pieces: 1, slowdown: 0 })).toBe(5);
  expect(pipelineSeconds([two, two], { pieces: 2, slowdown: 0 })).toBe(5);
  const long: PipelineStep = { reads: [1, 1], compute: 2 };
  expect(pipelineSeconds([long, long], { pieces: 1, slowdown: 0 })).toBe(7);
  expect(pipelineSeconds([long, long], { pieces: 2, slowdown: 0 })).toBe(6);
});

test('steps that stay hide reading when they lie among those that pass, and not when they come first', () => {
  const [pass] = steps(1, 2, 1);
  const [stay] = resident(1, 1);
  const among = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? pass! : stay!));
  const first = [...Array(6).fill(stay!), ...Array(6).fill(pass!)];
  const ring = { pieces: 2, slowdown: 0 };
  expect(pipelineSeconds(among, ring)).toBe(6 * 2 + 2);
  expect(pipelineSeconds(first, ring)).toBeGreaterThan(14);
});

describe('whatever the steps are', () => {
  const random = seededRandom(7);
  const cases = Array.from({ length: 50 }, () =>
    Array.from(
      { length: 12 },
      (): PipelineStep => ({
        reads: Array.from({ length: Math.floor(random() * 3) }, random),
        compute: random(),
      }),
    ),
  );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

  test('it takes at least the longer of reading and computing, and at most both', () => {
    for (const some of cases) {
      const reading = sum(some.flatMap(({ reads }) => reads));
      const computing = sum(some.map(({ compute }) => compute));
      for (const slowdown of [0, 0.3, 1]) {
        const seconds = pipelineSeconds(some, { pieces: 3, slowdown });
        expect(seconds).toBeGreaterThanOrEqual(Math.max(reading, computing) - 1e-9);
        expect(seconds).toBeLessThanOrEqual(reading + computing + 1e-9);
      }
    }
  });

  test('a larger ring, less slowdown or a step that stays never make it slower', () => {
    for (const some of cases) {
      const base = pipelineSeconds(some, { pieces: 2, slowdown: 0.4 });
      expect(pipelineSeconds(some, { pieces: 4, slowdown: 0.4 })).toBeLessThanOrEqual(base + 1e-9);
      expect(pipelineSeconds(some, { pieces: 2, slowdown: 0.2 })).toBeLessThanOrEqual(base + 1e-9);
      const without = some.map((step, i) => (i === 5 ? { ...step, reads: [] } : step));
      const free = { pieces: 2, slowdown: 0 };
      expect(pipelineSeconds(without, free)).toBeLessThanOrEqual(
        pipelineSeconds(some, free) + 1e-9,
      );
    }
  });

  test('the slowdown is found again from the time', () => {
    for (const slowdown of [0.1, 0.5, 0.9]) {
      const some = steps(20, 1, 1.2);
      const seconds = steadySeconds(some, { pieces: 6, slowdown });
      expect(fitSlowdown(some, 6, seconds)).toBeCloseTo(slowdown, 4);
    }
  });
});

test('passes one after the other need not wait for the first bytes of each', () => {
  expect(pipelineSeconds(steps(4, 1, 3), FREE)).toBe(13);
  expect(steadySeconds(steps(4, 1, 3), FREE)).toBe(12);
});

test('times that no slowdown explains give its bounds', () => {
  expect(fitSlowdown(steps(5, 1, 1), 6, 0.1)).toBeCloseTo(0, 4);
  expect(fitSlowdown(steps(5, 1, 1), 6, 100)).toBeCloseTo(1, 4);
});
