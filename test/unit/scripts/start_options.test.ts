import { expect, test } from 'vitest';
import { DEFAULT_PORT, parseStartOptions, USAGE } from '../../../scripts/start_options.js';

test('without options the page is served and opened', () => {
  expect(parseStartOptions([])).toEqual({
    ask: undefined,
    host: undefined,
    port: DEFAULT_PORT,
    open: true,
    help: false,
  });
});

test('all options are read', () => {
  const args = ['--ask', 'Why?', '--port=8080', '--host', '0.0.0.0', '--no-open', '--help'];
  expect(parseStartOptions(args)).toEqual({
    ask: 'Why?',
    host: '0.0.0.0',
    port: 8080,
    open: false,
    help: true,
  });
});

test.each([
  ['an unknown option', ['--fast']],
  ['a word without an option', ['Why?']],
  ['no question', ['--ask']],
  ['an empty question', ['--ask', '  ']],
  ['a port that is no number', ['--port', 'http']],
  ['a port that is too high', ['--port', '65536']],
  ['an empty host', ['--host', '']],
])('%s is told with the usage, and exit code 2', (_, args) => {
  let error: unknown;
  try {
    parseStartOptions(args);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'ScriptError', exitCode: 2 });
  expect((error as Error).message).toContain(USAGE);
});
