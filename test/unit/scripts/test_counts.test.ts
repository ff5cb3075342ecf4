import { expect, test } from 'vitest';
import { countCheck, countPlaywright, countVitest } from '../../../scripts/test_counts.js';

function file(status: 'passed' | 'failed', ...tests: string[]) {
  return { status, assertionResults: tests.map((status) => ({ status })) };
}

test('a check without tests counts as one', () => {
  expect(countCheck(0)).toEqual({ passed: 1, failed: 0 });
  expect(countCheck(2)).toEqual({ passed: 0, failed: 1 });
});

test('Vitest’s tests are counted one by one', () => {
  const testResults = [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')];
  expect(countVitest(1, { testResults })).toEqual({ passed: 3, failed: 1 });
});

test.each(['skipped', 'pending', 'todo'])('a test that is %s has failed', (status) => {
  const testResults = [file('passed', 'passed', status)];
  expect(countVitest(0, { testResults })).toEqual({ passed: 1, failed: 1 });
});

test('a file that could not be loaded counts as failed', () => {
  const testResults = [file('passed', 'passed'), file('failed')];
  expect(countVitest(1, { testResults })).toEqual({ passed: 1, failed: 1 });
});

test('a run that ended badly has failed, whatever its tests say', () => {
  const testResults = [file('passed', 'passed')];
  expect(countVitest(1, { testResults })).toEqual({ passed: 1, failed: 1 });
  expect(countVitest(137, null)).toEqual({ passed: 0, failed: 1 });
  expect(countPlaywright(1, null)).toEqual({ passed: 0, failed: 1 });
});

test('a run without any test has failed', () => {
  expect(countVitest(0, { testResults: [] })).toEqual({ passed: 0, failed: 1 });
  const stats = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 };
  expect(countPlaywright(0, { stats, errors: [] })).toEqual({ passed: 0, failed: 1 });
});

test('Playwright’s tests are counted, and only a first try passes', () => {
  const stats = { expected: 10, unexpected: 1, flaky: 2, skipped: 3 };
  expect(countPlaywright(1, { stats, errors: [{}] })).toEqual({ passed: 10, failed: 7 });
  const good = { expected: 10, unexpected: 0, flaky: 0, skipped: 0 };
  expect(countPlaywright(0, { stats: good, errors: [] })).toEqual({ passed: 10, failed: 0 });
});
