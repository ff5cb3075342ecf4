import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ScriptError } from '../script_error.js';

/** What a system's Chromium and its relatives are called; those without windows first. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
  'microsoft-edge',
];

/** Where they are if not on the PATH. */
const PLACES = {
  linux: ['/usr/bin', '/usr/local/bin', '/opt/google/chrome', '/opt/microsoft/msedge', '/snap/bin'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'],
};

/** Playwright's browser without windows, by platform. */
const SHELLS = ['chrome-headless-shell', 'headless_shell', 'chrome-headless-shell.exe'];

/**
 * The machine on which a browser is looked for.
 * @typedef {object} Machine
 * @property {NodeJS.ProcessEnv} env
 * @property {NodeJS.Platform} platform
 * @property {(path: string) => boolean} isExecutable
 * @property {(path: string) => readonly string[]} list a folder's entries; none when there is no such folder
 * @property {() => Promise<string | null>} playwrightPath where Playwright keeps its Chromium, whether it is there or
 * not; null on a system for which it has none
 */

/** @type {Machine} */
const HERE = {
  env: process.env,
  platform: process.platform,
  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },
  list(path) {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
  async playwrightPath() {
    const { chromium } = await import('@playwright/test');
    try {
      return chromium.executablePath() || null;
    } catch {
      return null;
    }
  },
};

/**
 * A browser with WebGPU: the one that `CHROMIUM_BIN` names, Playwright's own, or the system's.
 * @param {Machine} [machine]
 * @returns {Promise<string | null>} the path of its program
 * @throws ScriptError when `CHROMIUM_BIN` is wrong
 */
export async function findBrowser(machine = HERE) {
  const { env, isExecutable } = machine;
  if (env.CHROMIUM_BIN) {
    if (isExecutable(env.CHROMIUM_BIN)) return env.CHROMIUM_BIN;
    throw new ScriptError(
      `CHROMIUM_BIN (${env.CHROMIUM_BIN}) is no program. Set it to the path of a Chromium or Chrome, or unset it.`,
    );
  }
  const candidates = [
    ...ofPlaywright(machine, await machine.playwrightPath()),
    ...ofSystem(machine),
  ];
  return candidates.find(isExecutable) ?? null;
}

/**
 * @param {Machine} machine
 * @param {string | null} path `…/chromium-1255/chrome-linux64/chrome`
 * @returns {string[]}
 */
function ofPlaywright({ list }, path) {
  if (path === null) return [];
  const build = dirname(dirname(path));
  const shell = build.replace(/chromium-(\d+)$/, 'chromium_headless_shell-$1');
  const shells = list(shell).flatMap((folder) => SHELLS.map((name) => join(shell, folder, name)));
  return [...shells, path];
}

/**
 * @param {Machine} machine
 * @returns {string[]}
 */
function ofSystem({ env, platform }) {
  if (platform === 'darwin') return PLACES.darwin;
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA];
    return roots.flatMap((root) => (root ? PLACES.win32.map((path) => join(root, path)) : []));
  }
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...PLACES.linux];
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}
