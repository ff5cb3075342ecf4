import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inProject } from './project.js';
import { reasonOf, ScriptError } from './script_error.js';
import { say } from './terminal.js';

/** The built page. */
export const DIST = inProject('dist');

/** What the page is made of; a folder stands for everything in it. */
const SOURCES = [
  'index.html',
  'package-lock.json',
  'public',
  'shaders',
  'src',
  'tsconfig.json',
  'vite.config.ts',
];

/**
 * Builds the page where it is missing or older than its sources.
 * @throws ScriptError
 */
export async function buildPage() {
  if (await isBuilt(inProject())) return;
  say('Building the page …');
  const { build } = await import('vite');
  try {
    await build({ root: inProject(), logLevel: 'warn' });
  } catch (error) {
    throw new ScriptError(`The page could not be built: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Whether a built page is there that is newer than all of its sources.
 * @param {string} root
 */
export async function isBuilt(root) {
  const page = await stat(join(root, 'dist', 'index.html')).catch(() => null);
  return page !== null && page.mtimeMs > (await newest(SOURCES.map((path) => join(root, path))));
}

/**
 * When something below these paths changed last; a folder changes when a file in it comes or goes.
 * @param {readonly string[]} paths
 * @returns {Promise<number>} milliseconds
 */
async function newest(paths) {
  const times = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path);
      if (!stats.isDirectory()) return stats.mtimeMs;
      const entries = await readdir(path);
      return Math.max(stats.mtimeMs, await newest(entries.map((entry) => join(path, entry))));
    }),
  );
  return Math.max(0, ...times);
}
