import { ScriptError } from './script_error.js';
import { say } from './terminal.js';

const NODE = [20, 19];

/**
 * Runs a command and ends the process with its exit code. What can be mended is told in one sentence, what is a
 * mistake in the program with its stack.
 * @param {(args: string[]) => Promise<number>} main
 */
export async function runCommand(main) {
  // An exit by `process.exit` lets temporary folders be removed.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  try {
    checkNode(process.versions.node);
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const known = error instanceof ScriptError;
    say(known ? error.message : String(error instanceof Error ? error.stack : error));
    process.exitCode = known ? error.exitCode : 1;
  }
}

/**
 * @param {string} version
 * @throws ScriptError when it is too old
 */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new ScriptError(
    `Lamina needs Node ${NODE.join('.')} or newer, and this is ${version}. Install a newer Node, then run the same command again.`,
  );
}
