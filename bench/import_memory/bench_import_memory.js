import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';
import { watchMemory } from '../scripts/browser/browser_memory.js';
import { ensureBrowser } from '../scripts/browser/ensure_browser.js';
import { SOFTWARE_WEBGPU } from '../scripts/browser/webgpu_flags.js';
import { runCommand } from '../scripts/command.js';
import { inProject } from '../scripts/project.js';
import { ScriptError } from '../scripts/script_error.js';
import { listen } from '../scripts/server/listen.js';
import { sendFile } from '../scripts/server/send_file.js';
import { fileInside, pathname } from '../scripts/server/static_files.js';
import { withTemporaryFolder } from '../scripts/temporary_folder.js';

const USAGE = `Usage: node bench/import_memory.js FILE [--quantize TYPE]

Imports a checkpoint from a server beside it into a browser's private file system, through the page's worker, and
says how much the memory of all processes of the browser has grown at most.`;

const PREFIX = '/checkpoint/';
/** A profile on a disk: without one, Chromium keeps private files in memory. */
const PROFILES = process.env.LAMINA_PROFILES ?? inProject('.browser');

runCommand(async (args) => {
  const { file, quantize } = parse(args);
  const folder = dirname(file);
  const vite = await createServer({
    root: inProject(),
    server: { middlewareMode: true, hmr: false },
    appType: 'mpa',
  });
  /** @type {import('../scripts/server/static_files.js').RequestHandler} */
  const pages = async (request, response, next) => {
    vite.middlewares(request, response, next);
  };
  const server = await listen([checkpointIn(folder), pages], { port: 0 });
  try {
    await withTemporaryFolder(PROFILES, async (profile) => {
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: await ensureBrowser(),
        ...SOFTWARE_WEBGPU,
      });
      try {
        const page = context.pages()[0] ?? (await context.newPage());
        await page.goto(`${server.url}test/e2e/pages/worker.html`);
        await page.waitForFunction(() => 'lamina' in window);
        await page.evaluate(() => window.lamina.api.packs());
        const url = new URL(PREFIX.slice(1) + basename(file), server.url).href;
        const started = performance.now();
        const growth = await watchMemory(profile, () =>
          page.evaluate(
            ({ url, quantize }) =>
              window.lamina.api.importModel({ url }, () => undefined, quantize),
            { url, quantize },
          ),
        );
        report(growth, performance.now() - started);
      } finally {
        await context.close();
      }
    });
  } finally {
    await server.close();
    await vite.close();
  }
  return 0;
});

/**
 * @param {string} folder
 * @returns {import('../scripts/server/static_files.js').RequestHandler}
 */
function checkpointIn(folder) {
  return async (request, response, next) => {
    const asked = pathname(request);
    const file = asked?.startsWith(PREFIX) ? fileInside(folder, asked.slice(PREFIX.length)) : null;
    if (file === null || !(await sendFile(request, response, file))) next();
  };
}

/**
 * @param {import('../scripts/browser/browser_memory.js').MemoryGrowth & { result: string }} growth
 * @param {number} ms
 */
function report({ result: pack, before, peak, samples, parts }, ms) {
  const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  const kinds = Object.entries(parts).map(([kind, bytes]) => `${kind} ${megabytes(bytes)}`);
  console.log(
    `${pack}: ${(ms / 1000).toFixed(1)} s; ${megabytes(before)} before, ${megabytes(peak)} at most, so ${megabytes(peak - before)} more (${kinds.join(', ')}; ${samples} samples)`,
  );
}

/**
 * @param {string[]} args
 * @throws ScriptError with exit code 2
 */
function parse(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { quantize: { type: 'string' } },
    });
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) throw new Error('One FILE is imported.');
    if (!existsSync(file)) throw new Error(`There is no ${file}.`);
    const quantize = /** @type {import('../src/formats/block_types.ts').EncodedTypeName} */ (
      values.quantize ?? null
    );
    return { file: resolve(file), quantize };
  } catch (error) {
    throw new ScriptError(`${/** @type {Error} */ (error).message}\n\n${USAGE}`, { exitCode: 2 });
  }
}
