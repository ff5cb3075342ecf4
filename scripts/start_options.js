import { parseArgs } from 'node:util';
import { ScriptError } from './script_error.js';

/** Kept from run to run, for what the browser stores belongs to one address. */
export const DEFAULT_PORT = 4170;

export const USAGE = `Usage: npm start [-- OPTIONS]

Builds the page, fetches the default model once, serves both on this machine and opens the page.

  --ask "QUESTION"  asks the page in a browser without a window, prints the answer and ends
  --port N          the port to serve on (${DEFAULT_PORT}); if it is taken, the next free one
  --host ADDRESS    the address to serve on; without it only this machine can open the page
  --no-open         do not open a browser
  --help            this text

LAMINA_MODEL   path or URL of a .gguf file to run in place of the default model
CHROMIUM_BIN   the browser for --ask`;

/**
 * @typedef {object} StartOptions
 * @property {string | undefined} ask
 * @property {string | undefined} host
 * @property {number} port
 * @property {boolean} open
 * @property {boolean} help
 */

/**
 * @param {string[]} args
 * @returns {StartOptions}
 * @throws ScriptError with exit code 2
 */
export function parseStartOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        ask: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw wrong(/** @type {Error} */ (error).message);
  }
  const { ask, host, port, help } = values;
  if (ask !== undefined && ask.trim() === '') throw wrong('--ask needs a question.');
  if (host === '') throw wrong('--host needs an address.');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw wrong(`--port ${port}: a port is a number from 0 to 65535.`);
  }
  return { ask, host, port: Number(port), open: !values['no-open'], help };
}

/** @param {string} reason */
function wrong(reason) {
  return new ScriptError(`${reason}\n\n${USAGE}`, { exitCode: 2 });
}
