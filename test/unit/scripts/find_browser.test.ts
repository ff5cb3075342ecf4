import { expect, test } from 'vitest';
import { findBrowser } from '../../../scripts/browser/find_browser.js';

const CACHE = '/home/u/.cache/ms-playwright';
const PLAYWRIGHT = `${CACHE}/chromium-1255/chrome-linux64/chrome`;
const SHELL = `${CACHE}/chromium_headless_shell-1255/chrome-headless-shell-linux64/chrome-headless-shell`;
const SYSTEM = '/usr/bin/chromium';

/** A machine on which just these programs are. */
function machine(programs: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return {
    env: { PATH: '/usr/local/bin:/usr/bin', ...env },
    platform: 'linux' as NodeJS.Platform,
    isExecutable: (path: string) => programs.includes(path),
    list: (folder: string) =>
      programs
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0]!),
    playwrightPath: async () => PLAYWRIGHT,
  };
}

test('CHROMIUM_BIN comes before all others', async () => {
  const programs = ['/opt/mine', PLAYWRIGHT, SYSTEM];
  expect(await findBrowser(machine(programs, { CHROMIUM_BIN: '/opt/mine' }))).toBe('/opt/mine');
});

test('a CHROMIUM_BIN that is no program is an error, also where there is another browser', async () => {
  const here = machine([SYSTEM], { CHROMIUM_BIN: '/opt/gone' });
  await expect(findBrowser(here)).rejects.toThrow('CHROMIUM_BIN (/opt/gone) is no program.');
});

test.each([
  ['Playwright’s browser without windows', [SHELL, PLAYWRIGHT, SYSTEM], SHELL],
  ['Playwright’s browser', [PLAYWRIGHT, SYSTEM], PLAYWRIGHT],
  ['one on the PATH', ['/usr/local/bin/google-chrome', SYSTEM], SYSTEM],
  [
    'one that is not on the PATH',
    ['/opt/google/chrome/google-chrome'],
    '/opt/google/chrome/google-chrome',
  ],
  [
    'one without windows first',
    ['/usr/bin/chromium-headless-shell', SYSTEM],
    '/usr/bin/chromium-headless-shell',
  ],
])('%s is found', async (_, programs, found) => {
  expect(await findBrowser(machine(programs))).toBe(found);
});

test('a system for which Playwright has no browser still has its own', async () => {
  const here = { ...machine([SYSTEM]), playwrightPath: async () => null };
  expect(await findBrowser(here)).toBe(SYSTEM);
});

test('where there is none, none is found', async () => {
  expect(await findBrowser(machine([]))).toBe(null);
});

test('applications are found on a Mac', async () => {
  const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  const here = { ...machine([chrome]), platform: 'darwin' as NodeJS.Platform };
  expect(await findBrowser(here)).toBe(chrome);
});
