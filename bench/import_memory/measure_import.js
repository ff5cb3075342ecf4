import { spawn } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { watchMemory } from '../../scripts/browser/browser_memory.js';
import { ScriptError } from '../../scripts/script_error.js';
import { listen } from '../../scripts/server/listen.js';
import { sendFile } from '../../scripts/server/send_file.js';
import { fileInside, pathname } from '../../scripts/server/static_files.js';

const PAGE = '/bench/import_memory/page.html';
const TELL = '/tell';
/** Nobody looks into the browser: what is connected to it would have it keep what it fetches. */
const FLAGS = ['--headless', '--no-sandbox', '--no-first-run', '--enable-unsafe-webgpu'];

/**
 * @typedef {object} Import
 * @property {string} file the checkpoint, which is served from beside the browser
 * @property {string | null} quantize
 * @property {string} pages the address of a server of this repository's pages
 * @property {string} browser its path
 * @property {string} profile an empty folder on a disk: without one, Chromium keeps private files in memory
 */

/**
 * Imports a checkpoint through the page's worker into a browser's private files, and watches its memory meanwhile.
 * @param {Import} options
 * @throws ScriptError
 */
export async function measureImport({ file, quantize, pages, browser, profile }) {
  const messages = inbox();
  const server = await listen([checkpointIn(dirname(file)), messages.take], { port: 0 });
  const asked = new URLSearchParams({
    url: new URL(`checkpoint/${basename(file)}`, server.url).href,
    tell: new URL(TELL, server.url).href,
    ...(quantize !== null && { quantize }),
  });
  const child = spawn(
    browser,
    [...FLAGS, `--user-data-dir=${profile}`, `${new URL(PAGE, pages).href}?${asked}`],
    { stdio: 'ignore' },
  );
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new ScriptError('The browser has ended.')));
  });
  ended.catch(() => undefined);
  /** @type {() => Promise<string>} */
  const next = () => Promise.race([messages.next(), /** @type {Promise<never>} */ (ended)]);
  try {
    const first = await next();
    if (first !== 'ready') throw new ScriptError(`The page said: ${first}`);
    const started = performance.now();
    const growth = await watchMemory(profile, next);
    const [, pack] = /^done (.*)/.exec(growth.result) ?? [];
    if (pack === undefined) throw new ScriptError(`The import ended: ${growth.result}`);
    return { ...growth, pack, seconds: (performance.now() - started) / 1000 };
  } finally {
    child.kill();
    await ended.catch(() => undefined);
    await server.close();
  }
}

/** What the page tells, one after the other. */
function inbox() {
  /** @type {string[]} */
  const told = [];
  /** @type {((message: string) => void) | null} */
  let waiting = null;
  /** @type {import('../../scripts/server/static_files.js').RequestHandler} */
  const take = async (request, response, next) => {
    if (pathname(request) !== TELL) return next();
    const message = await text(request);
    response.writeHead(204, { 'Access-Control-Allow-Origin': '*' }).end();
    if (waiting) waiting(message);
    else told.push(message);
    waiting = null;
  };
  return {
    take,
    /** @returns {Promise<string>} */
    next: async () =>
      told.shift() ??
      new Promise((resolve) => {
        waiting = resolve;
      }),
  };
}

/**
 * @param {string} folder
 * @returns {import('../../scripts/server/static_files.js').RequestHandler}
 */
function checkpointIn(folder) {
  const prefix = '/checkpoint/';
  return async (request, response, next) => {
    const asked = pathname(request);
    if (!asked?.startsWith(prefix)) return next();
    const file = fileInside(folder, asked.slice(prefix.length));
    if (file !== null && (await sendFile(request, response, file))) return;
    // Of what is not there, other origins are told so too.
    response.writeHead(404, { 'Access-Control-Allow-Origin': '*' }).end();
  };
}
