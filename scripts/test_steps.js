import { inProject } from './project.js';
import { ScriptError } from './script_error.js';

/**
 * One part of `npm test`.
 * @typedef {object} TestStep
 * @property {string} name
 * @property {string} what
 * @property {string[]} command arguments to Node
 * @property {readonly Need[]} needs besides the packages
 * @property {'vitest' | 'playwright' | null} report who writes down each test; null: the step is one check
 */

/** @typedef {'browser' | 'vulkan' | 'model'} Need */

const TSC = inProject('node_modules/typescript/bin/tsc');
const BIOME = inProject('node_modules/@biomejs/biome/bin/biome');
const VITEST = inProject('node_modules/vitest/vitest.mjs');
const VITE = inProject('node_modules/vite/bin/vite.js');
const PLAYWRIGHT = inProject('node_modules/@playwright/test/cli.js');

/** @type {readonly TestStep[]} */
export const TEST_STEPS = [
  {
    name: 'types',
    what: 'TypeScript’s checks',
    command: [TSC, '--noEmit'],
    needs: [],
    report: null,
  },
  {
    name: 'lint',
    what: 'Biome’s lint and format checks',
    command: [BIOME, 'ci', '.'],
    needs: [],
    report: null,
  },
  {
    name: 'unit',
    what: 'unit tests in Node',
    command: [VITEST, 'run', '--project', 'unit'],
    needs: [],
    report: 'vitest',
  },
  {
    name: 'kernels',
    what: 'WGSL kernels on Dawn in Node, against the CPU',
    command: [VITEST, 'run', '--project', 'kernels'],
    needs: ['browser', 'vulkan'],
    report: 'vitest',
  },
  {
    name: 'timing',
    what: 'what measures kernels, devices and memory, alone on the machine',
    command: [VITEST, 'run', '--project', 'timing'],
    needs: ['browser', 'vulkan'],
    report: 'vitest',
  },
  {
    name: 'model',
    what: 'whole models on Dawn in Node, against the reference',
    command: [VITEST, 'run', '--project', 'model'],
    needs: ['browser', 'vulkan', 'model'],
    report: 'vitest',
  },
  {
    name: 'build',
    what: 'the page as it is published',
    command: [VITE, 'build', '--logLevel', 'warn'],
    needs: [],
    report: null,
  },
  {
    name: 'e2e',
    what: 'the page and its stores in Chromium',
    command: [PLAYWRIGHT, 'test'],
    needs: ['browser', 'model'],
    report: 'playwright',
  },
];

export const USAGE = `Usage: npm test [-- STEP …]

Runs all steps, or those that are named:

${TEST_STEPS.map(({ name, what }) => `  ${name.padEnd(9)}${what}`).join('\n')}

What they need is installed: packages, a browser, the Vulkan loader, the default model.`;

/**
 * The steps that are named, in their own order; all of them when none is.
 * @param {readonly string[]} names
 * @returns {readonly TestStep[]}
 * @throws ScriptError with exit code 2
 */
export function chooseSteps(names) {
  const unknown = names.find((name) => !TEST_STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    throw new ScriptError(`There is no step "${unknown}".\n\n${USAGE}`, { exitCode: 2 });
  }
  return names.length === 0 ? TEST_STEPS : TEST_STEPS.filter(({ name }) => names.includes(name));
}
