import { afterEach, expect, test, vi } from 'vitest';
import { more, secondsEach, secondsWhole } from '../../../src/engine/stopwatch.ts';

let now = 0;
const pass = (milliseconds: number): void => {
  now += milliseconds;
};
vi.spyOn(performance, 'now').mockImplementation(() => now);
afterEach(() => {
  now = 0;
});

test('of something short, only what once more takes counts', async () => {
  const run = async (times: number) => pass(5 + 0.25 * times);
  expect(await secondsEach(run)).toBeCloseTo(0.25e-3, 9);
});

test('something long is not done more often than needed', async () => {
  let most = 0;
  const run = async (times: number) => {
    most = Math.max(most, times);
    pass(400 * times);
  };
  expect(await secondsEach(run)).toBeCloseTo(0.4, 9);
  expect(most).toBe(1);
});

test('something that takes no time ends', async () => {
  expect(await secondsEach(async () => undefined)).toBe(0);
});

test('the fastest run counts, and the first one does not', async () => {
  const all = [1, 900, 700, 800];
  expect(await secondsWhole(async () => pass(all.shift() ?? 1000))).toBeCloseTo(0.7, 9);
});

test('a part that seems to take longer than the whole takes nothing', () => {
  expect(more(5, 3)).toBe(2);
  expect(more(3, 5)).toBe(3);
});
