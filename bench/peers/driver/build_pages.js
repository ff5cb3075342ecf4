import { inProject } from '../../../scripts/project.js';
import { reasonOf, ScriptError } from '../../../scripts/script_error.js';

/** The pages as they are served. */
export const PAGES = inProject('dist-bench', 'peers');

/**
 * Builds the pages of some runtimes; those of the others, whose packages may not be here, are left out.
 * @param {readonly string[]} pages
 * @throws ScriptError
 */
export async function buildPages(pages) {
  const input = [...new Set(pages)].map((page) => inProject('bench', 'peers', `${page}.html`));
  // Not before the packages are installed.
  const { build } = await import('vite');
  try {
    await build({
      configFile: inProject('bench', 'peers', 'vite.config.ts'),
      logLevel: 'error',
      build: { rolldownOptions: { input } },
    });
  } catch (error) {
    throw new ScriptError(`The pages could not be built: ${reasonOf(error)}`, { cause: error });
  }
}
