import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser/ensure_browser.js';
import { ensureVulkanLoader } from './browser/ensure_vulkan.js';
import { softwareDriver } from './browser/software_driver.js';
import { ensureModel } from './default_model.js';
import { inProject } from './project.js';
import { runProgram } from './run_program.js';
import { withTemporaryFolder } from './temporary_folder.js';
import { countCheck, countPlaywright, countVitest } from './test_counts.js';

/**
 * How a test runner is told to write a report, and how that is counted.
 * @type {Readonly<Record<NonNullable<import('./test_steps.js').TestStep['report']>, {
 *   args: (path: string) => string[],
 *   count: (code: number, report: unknown) => import('./test_counts.js').Counts,
 * }>>}
 */
const REPORTERS = {
  vitest: {
    args: (path) => ['--reporter=default', '--reporter=json', `--outputFile.json=${path}`],
    count: countVitest,
  },
  playwright: { args: () => ['--reporter=list,json'], count: countPlaywright },
};

/**
 * Installs what a step needs, and runs it.
 * @param {import('./test_steps.js').TestStep} step
 * @returns {Promise<import('./test_counts.js').Counts>}
 * @throws ScriptError when something is missing that cannot be installed
 */
export async function runTestStep({ command, needs, report }) {
  const env = environment();
  if (needs.includes('browser')) {
    const driver = softwareDriver(await ensureBrowser());
    // Besides the system's own drivers, which come first.
    if (driver) env.VK_ADD_DRIVER_FILES ??= driver;
  }
  if (needs.includes('vulkan')) await ensureVulkanLoader();
  if (needs.includes('model')) await ensureModel();

  const cwd = inProject();
  if (report === null) {
    return countCheck((await runProgram(process.execPath, command, { cwd, env })).code);
  }
  return withTemporaryFolder(tmpdir(), async (folder) => {
    const path = join(folder, 'report.json');
    const { args, count } = REPORTERS[report];
    const { code } = await runProgram(process.execPath, [...command, ...args(path)], {
      cwd,
      env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: path },
    });
    const json = await readFile(path, 'utf8').catch(() => null);
    return count(code, json === null ? null : JSON.parse(json));
  });
}

/** @returns {NodeJS.ProcessEnv} without colours where nobody looks */
function environment() {
  const { FORCE_COLOR: _, ...env } = process.env;
  return env.CI || !process.stderr.isTTY ? { ...env, NO_COLOR: '1' } : process.env;
}
