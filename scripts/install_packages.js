import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { inProject } from './project.js';
import { runProgram } from './run_program.js';
import { ScriptError } from './script_error.js';
import { say } from './terminal.js';

/** No package needs its install script; the builder and the browser's driver are needed also in production. */
const OPTIONS = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * Installs the packages of `package-lock.json` where they are missing or older than it.
 * @param {string} [root]
 * @throws ScriptError
 */
export async function installPackages(root = inProject()) {
  // npm writes it last of all.
  const marker = join(root, 'node_modules', '.package-lock.json');
  const installed = await modifiedAt(marker);
  if (installed >= (await modifiedAt(join(root, 'package-lock.json')))) return;
  say('Installing the packages of package-lock.json …');
  // `--no-save` leaves the lock file as it is.
  const task = installed === 0 ? ['ci'] : ['install', '--no-save'];
  const { code } = await runNpm([...task, ...OPTIONS], root);
  if (code !== 0) {
    throw new ScriptError(
      'npm could not install the packages; it says why above. Check the network connection, then run the same command again.',
    );
  }
  const now = new Date();
  await utimes(marker, now, now);
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function runNpm(args, cwd) {
  // Under `npm start`, npm says where it is. Elsewhere Windows' npm is a batch file, which needs a shell.
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return runProgram(process.execPath, [cli, ...args], { cwd });
  if (process.platform === 'win32') return runProgram('cmd', ['/c', 'npm', ...args], { cwd });
  return runProgram('npm', args, { cwd });
}

/**
 * @param {string} path
 * @returns {Promise<number>} milliseconds; 0 when there is no such file
 */
async function modifiedAt(path) {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
