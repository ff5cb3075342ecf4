import { expect, test } from 'vitest';
import { bytesOption, quantizeOption } from '../../../bin/options.ts';
import { SettingError } from '../../../src/engine/errors.ts';

test.each([
  ['500', 500],
  ['2GB', 2e9],
  ['1.5 gb', 1.5e9],
  ['64MB', 64e6],
  ['3kB', 3000],
])('%j is %i bytes', (text, bytes) => {
  expect(bytesOption('--budget', text)).toBe(bytes);
});

test.each(['', 'much', '-1GB', '2TB', '1e9'])('%j is no number of bytes', (text) => {
  expect(() => bytesOption('--budget', text)).toThrow(SettingError);
});

test('what is not given is not invented', () => {
  expect(bytesOption('--budget', undefined)).toBeUndefined();
});

test('a type to quantize to is one that has an encoder, in any case of letters', () => {
  expect(quantizeOption('q4_k')).toBe('Q4_K');
  expect(quantizeOption(undefined)).toBeUndefined();
  expect(() => quantizeOption('IQ4_NL')).toThrow(SettingError);
});
