import { describe, expect, test } from 'vitest';
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimeLeft,
  formatTokenRate,
} from '../../../src/app/format.ts';

/** With plain spaces in place of those that do not break. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('numbers for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [2_215_936, '2.2 MB'],
    [98_362_432, '98.4 MB'],
    [4_400_000_000, '4.4 GB'],
    [3e18, '3000 PB'],
    [-1, '0 B'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(plain(formatBytes(bytes))).toBe(text);
  });

  test('a rate of bytes is told per second', () => {
    expect(plain(formatByteRate(37_400_000))).toBe('37.4 MB/s');
  });

  test.each([
    [0.043, '0.04 tokens/s'],
    [13.08, '13.1 tokens/s'],
    [99.96, '100 tokens/s'],
    [1234.5, '1235 tokens/s'],
  ])('%d tokens in a second are %s', (rate, text) => {
    expect(plain(formatTokenRate(rate))).toBe(text);
  });

  test.each([
    [421.4, '421 ms'],
    [999.5, '1.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [3_900_000, '1 h 5 min'],
  ])('%d milliseconds are %s', (ms, text) => {
    expect(plain(formatDuration(ms))).toBe(text);
  });

  test.each([
    [4_999, 'a few seconds left'],
    [5_000, '5.0 s left'],
    [11_001, '12 s left'],
    [61_000, '1 min 1 s left'],
  ])('of a transfer with %d milliseconds to go, %s', (ms, text) => {
    expect(plain(formatTimeLeft(ms))).toBe(text);
  });

  test('only what is done says 100 %', () => {
    expect([0, 0.456, 0.9999, 1, 1.2, -1].map((share) => plain(formatPercent(share)))).toEqual([
      '0 %',
      '45 %',
      '99 %',
      '100 %',
      '100 %',
      '0 %',
    ]);
  });

  test('one is singular, thousands have commas', () => {
    expect(plain(formatCount(1, 'token'))).toBe('1 token');
    expect(plain(formatCount(1024, 'token'))).toBe('1,024 tokens');
    expect(plain(formatCount(0, 'entry', 'entries'))).toBe('0 entries');
  });

  test('a number never breaks from its unit', () => {
    for (const text of [formatBytes(1), formatDuration(1), formatPercent(1), formatTokenRate(1)]) {
      expect(text).not.toContain(' ');
    }
  });
});
