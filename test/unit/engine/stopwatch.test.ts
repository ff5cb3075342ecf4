import { afterEach, expect, test, vi } from 'vitest';
import { more, secondsEach, secondsWhole, warmUp } from '../../../src/engine/stopwatch.ts';

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

test('warming up goes on while it becomes faster, and ends when two rounds take equally long', async () => {
  const all = [900, 500, 300, 290, 200];
  await warmUp(async () => pass(all.shift()!), 10);
  expect(all).toEqual([200]);
});

test('warming up ends when its time is over, but not before a first run', async () => {
  let runs = 0;
  const run = async () => pass(2 ** -runs++ * 4000);
  await warmUp(run, 5);
  expect(runs).toBe(2);
});
