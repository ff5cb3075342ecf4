import { basename } from 'node:path';
import { showPage } from './browser/show_page.js';
import { buildPage, DIST } from './build_page.js';
import { runCommand } from './command.js';
import { ensureModel } from './default_model.js';
import { installPackages } from './install_packages.js';
import { listen } from './server/listen.js';
import { modelFiles } from './server/model_files.js';
import { staticFiles } from './server/static_files.js';
import { parseStartOptions, USAGE } from './start_options.js';
import { say } from './terminal.js';

/** `npm start`: everything from a fresh clone to the page, or to an answer. */
runCommand(async (args) => {
  const { ask: question, host, port, open, help } = parseStartOptions(args);
  if (help) {
    console.log(USAGE);
    return 0;
  }
  await installPackages();
  const model = await ensureModel();
  await buildPage();
  const server = await listen([await modelFiles(model), staticFiles(DIST)], { host, port });
  if (port !== 0 && server.port !== port) {
    say(`Port ${port} is taken: serving on ${server.port}.`);
  }
  if (question !== undefined) {
    const { ask } = await import('./ask/ask.js');
    try {
      await ask(server, model, question);
      return 0;
    } finally {
      await server.close();
    }
  }
  console.log(`Lamina is at ${server.url} (model: ${basename(model)}).`);
  const shown = open && showPage(server.url);
  say(shown ? 'Press Ctrl+C to end.' : 'Open this address in a browser. Press Ctrl+C to end.');
  return 0;
});
