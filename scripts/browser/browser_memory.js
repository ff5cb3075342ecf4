import { readdirSync, readFileSync } from 'node:fs';
import { ScriptError } from '../script_error.js';

/** Often enough to see buffers that live for a moment. */
const INTERVAL_MS = 100;

/**
 * @typedef {object} MemoryGrowth
 * @property {number} before bytes, at the beginning
 * @property {number} peak bytes, the most at once
 * @property {number} samples
 * @property {Readonly<Record<string, number>>} parts bytes of each kind of process when it was the most, less those before
 */

/**
 * Watches the memory of a whole browser while something is done: every process of it, each page of memory that several
 * share counted once (proportional set size).
 * @template T
 * @param {string} profile the folder that the browser was started with
 * @param {() => Promise<T>} action
 * @returns {Promise<MemoryGrowth & { result: T }>}
 * @throws ScriptError where the system does not say it
 */
export async function watchMemory(profile, action) {
  const first = memoryOf(profile);
  let most = first;
  let samples = 1;
  const look = () => {
    const now = memoryOf(profile);
    samples += 1;
    if (total(now) > total(most)) most = now;
  };
  const timer = setInterval(look, INTERVAL_MS);
  try {
    const result = await action();
    look();
    const kinds = [...new Set([...first.keys(), ...most.keys()])];
    const parts = Object.fromEntries(
      kinds.map((kind) => [kind, (most.get(kind) ?? 0) - (first.get(kind) ?? 0)]),
    );
    return { result, before: total(first), peak: total(most), samples, parts };
  } finally {
    clearInterval(timer);
  }
}

/** @param {ReadonlyMap<string, number>} kinds */
function total(kinds) {
  return [...kinds.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * Bytes by kind of process (`browser`, `renderer`, `gpu-process`, `utility` …).
 * @param {string} profile
 */
function memoryOf(profile) {
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const { pid, kind } of processesOf(profile)) {
    const bytes = proportionalBytes(pid);
    if (bytes !== null) kinds.set(kind, (kinds.get(kind) ?? 0) + bytes);
  }
  if (kinds.size === 0) {
    throw new ScriptError(
      'The memory of a browser can only be watched on Linux, where /proc tells it.',
    );
  }
  return kinds;
}

/**
 * The browser of a profile and all processes below it.
 * @param {string} profile
 */
function processesOf(profile) {
  /** @type {Map<number, number>} */
  const parents = new Map();
  /** @type {Map<number, string>} */
  const commands = new Map();
  for (const name of numbersIn('/proc')) {
    const status = read(`/proc/${name}/stat`);
    const command = read(`/proc/${name}/cmdline`);
    if (status === null || command === null) continue;
    // The name in brackets may have blanks and brackets itself.
    const [, parent] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    parents.set(Number(name), Number(parent));
    commands.set(Number(name), command);
  }
  /** @type {(pid: number) => boolean} */
  const belongs = (pid) => {
    if (commands.get(pid)?.includes(`--user-data-dir=${profile}`)) return true;
    const parent = parents.get(pid);
    return parent !== undefined && parent !== pid && belongs(parent);
  };
  return [...commands].flatMap(([pid, command]) => {
    if (!belongs(pid)) return [];
    return [{ pid, kind: /--type=([\w-]+)/.exec(command)?.[1] ?? 'browser' }];
  });
}

/**
 * @param {number} pid
 * @returns null when it has ended
 */
function proportionalBytes(pid) {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '');
  return kilobytes && Number(kilobytes[1]) * 1024;
}

/** @param {string} folder */
function numbersIn(folder) {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
