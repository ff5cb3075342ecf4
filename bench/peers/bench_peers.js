import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ensureBrowser } from '../../scripts/browser/ensure_browser.js';
import { runCommand } from '../../scripts/command.js';
import { installPackages } from '../../scripts/install_packages.js';
import { inProject } from '../../scripts/project.js';
import { listen } from '../../scripts/server/listen.js';
import { withTemporaryFolder } from '../../scripts/temporary_folder.js';
import { buildPages } from './driver/build_pages.js';
import { parseOptions, USAGE } from './driver/options.js';
import { report } from './driver/report.js';
import { handlers } from './driver/serve.js';
import { table } from './driver/table.js';

/** `npm run bench:peers`: Lamina beside other runtimes, in one browser, on one model and one prompt. */
runCommand(async (args) => {
  const options = parseOptions(args);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  await installPackages();
  if (options.configs.some(({ page }) => page === 'tfjs')) {
    await installPackages(inProject('bench', 'peers'));
  }
  await buildPages(options.configs.map(({ page }) => page));
  const { runInTurn } = await import('./driver/run_in_turn.js');
  const browser = await ensureBrowser();
  const server = await listen(handlers(options), { port: 0 });
  try {
    const measured = await withTemporaryFolder(inProject('.browser'), (folder) =>
      runInTurn(options, { browser, profiles: folder, url: server.url }),
    );
    const results = await report(options, { browser: basename(browser), ...measured });
    console.log(table(results));
    if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 1)}\n`);
    return results.results.some(({ error }) => error !== null) ? 1 : 0;
  } finally {
    await server.close();
  }
});
