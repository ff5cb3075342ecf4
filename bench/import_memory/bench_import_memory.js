import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { ensureBrowser } from '../../scripts/browser/ensure_browser.js';
import { runCommand } from '../../scripts/command.js';
import { inProject } from '../../scripts/project.js';
import { ScriptError } from '../../scripts/script_error.js';
import { withTemporaryFolder } from '../../scripts/temporary_folder.js';
import { measureImport } from './measure_import.js';

const USAGE = `Usage: node bench/import_memory/bench_import_memory.js FILE [--quantize TYPE]

Imports a checkpoint from a server beside it into a browser's private files, through the page's worker, and says how
much the memory of all processes of the browser has grown at most. Linux only.`;

/** `node bench/import_memory/bench_import_memory.js`: whether an import needs the same memory whatever the model's size. */
runCommand(async (args) => {
  const { file, quantize } = parse(args);
  const server = await createServer({ root: inProject(), server: { port: 4190 } });
  await server.listen();
  try {
    const pages = server.resolvedUrls?.local[0] ?? '';
    const browser = await ensureBrowser();
    const measured = await withTemporaryFolder(inProject('.browser'), (profile) =>
      measureImport({ file, quantize, pages, browser, profile }),
    );
    console.log(inWords(measured));
  } finally {
    await server.close();
  }
  return 0;
});

/** @param {Awaited<ReturnType<typeof measureImport>>} measured */
function inWords({ pack, seconds, before, peak, parts, samples }) {
  const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  const kinds = Object.entries(parts).map(([kind, bytes]) => `${kind} ${megabytes(bytes)}`);
  return [
    `${pack}, ${seconds.toFixed(1)} s`,
    `before  ${megabytes(before)}`,
    `most    ${megabytes(peak)}, of ${samples} samples`,
    `growth  ${megabytes(peak - before)} (${kinds.join(', ')})`,
  ].join('\n');
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
    return { file: resolve(file), quantize: values.quantize ?? null };
  } catch (error) {
    throw new ScriptError(`${/** @type {Error} */ (error).message}\n\n${USAGE}`, { exitCode: 2 });
  }
}
