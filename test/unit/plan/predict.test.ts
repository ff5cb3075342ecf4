import { expect, test } from 'vitest';
import {
  chunkSeconds,
  firstTokenSeconds,
  predict,
  tokenSeconds,
} from '../../../src/plan/predict.ts';
import { RATES, workOf } from './rates_fixture.ts';

test('a token of a streamed model waits for its first bytes, computes, and comes back', () => {
  // The embedding's row 0.5 s, the first layer 1 s, four layers of 2 s, a head of 3 s, choosing 1 s, the way back 7 s.
  expect(tokenSeconds(workOf(0), RATES, 0)).toBeCloseTo(0.5 + 1 + 4 * 2 + 3 + 1 + 7, 9);
});

test('where reading is slower than computing, the bytes that stay no longer count', () => {
  const slow = { ...RATES, bytes_per_second: 100 };
  const reading = 0.5 + 4 * 10 + 5 + 5;
  expect(tokenSeconds(workOf(0), slow, 0)).toBeCloseTo(reading + 1.5 + 8, 9);
  expect(tokenSeconds(workOf(2), slow, 0)).toBeCloseTo(reading - 20 + 1.5 + 8, 9);
});

test('resident, the way back is shared by the tokens in flight, unless the work takes longer', () => {
  expect(tokenSeconds(workOf(4), RATES, 0)).toBe(12.25);
  expect(tokenSeconds(workOf(4), { ...RATES, latency_seconds: 100 }, 0)).toBe(112.25 / 4);
});

test('each position before a token adds to every layer', () => {
  const first = tokenSeconds(workOf(4), RATES, 0);
  expect(tokenSeconds(workOf(4), RATES, 100)).toBeCloseTo(first + 4 * 100 * 0.01, 9);
});

test('a chunk’s time lies on a line between those measured, and goes on with the last one', () => {
  const layer = (tokens: number) => chunkSeconds(RATES, tokens, 'layer_seconds');
  expect([1, 16, 40, 128].map(layer)).toEqual([2, 5, 11, 33]);
  expect(chunkSeconds(RATES, 40, 'pass_seconds')).toBeCloseTo(0.45, 9);
  const one = { tokens: 4, layer_seconds: 2, pass_seconds: 1 };
  expect(chunkSeconds({ ...RATES, chunks: [one] }, 8, 'layer_seconds')).toBe(4);
});

test('a chunk never takes less than nothing, though the last two sizes say that larger ones take less', () => {
  const chunk = (tokens: number, pass_seconds: number) => ({
    tokens,
    layer_seconds: tokens,
    pass_seconds,
  });
  const noise = { ...RATES, chunks: [chunk(1, 3), chunk(16, 1)] };
  expect(chunkSeconds(noise, 512, 'pass_seconds')).toBe(0);
});

test('a prompt in two chunks passes twice, the head once, and the second chunk sees the first', () => {
  const seconds = firstTokenSeconds(workOf(4), RATES, 128);
  const second = 17 + 64 * 64 * 0.001;
  expect(seconds).toBeCloseTo(4 * 17 + 4 * second + 3 + 2 * 0.6 + 1 + 7, 9);
});

test('a streamed prompt reads the weights once a chunk, and as many rows as it has tokens', () => {
  const slow = { ...RATES, bytes_per_second: 10 };
  // Four layers of 100 s a chunk; of the head 50 s and 50 s, the last half computed at the end.
  const seconds = firstTokenSeconds(workOf(0), slow, 65);
  expect(seconds).toBeCloseTo(64 * 0.5 + 400 + 0.5 + 400 + 100 + 1.5 + 8, 9);
});

test('speeds are those of the prompt and of the middle of the answer', () => {
  const exchange = { prompt_tokens: 64, generated_tokens: 20 };
  const prediction = predict(workOf(4), RATES, exchange);
  const first = firstTokenSeconds(workOf(4), RATES, 64);
  expect(prediction).toEqual({
    time_to_first_token_seconds: first,
    prefill_tokens_per_second: 64 / first,
    decode_tokens_per_second: 1 / tokenSeconds(workOf(4), RATES, 74),
  });
});

test('another part that stays never makes a token or a prompt slower', () => {
  for (const bytes_per_second of [100, 1000, 10_000]) {
    const rates = { ...RATES, bytes_per_second };
    for (let stay = 0; stay < 4; stay++) {
      expect(tokenSeconds(workOf(stay + 1), rates, 50)).toBeLessThanOrEqual(
        tokenSeconds(workOf(stay), rates, 50) + 1e-9,
      );
      expect(firstTokenSeconds(workOf(stay + 1), rates, 200)).toBeLessThanOrEqual(
        firstTokenSeconds(workOf(stay), rates, 200) + 1e-9,
      );
    }
  }
});
