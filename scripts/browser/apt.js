import { existsSync } from 'node:fs';
import { runProgram } from '../run_program.js';
import { say } from '../terminal.js';

/** Debian and its relatives install packages, but only for root. */
export function canAptInstall() {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

/**
 * Tries to install packages of the system; what it cannot do is told by apt, and seen by whoever needs them.
 * @param {readonly string[]} packages
 */
export async function aptInstall(packages) {
  say(`Installing ${packages.join(' and ')} with apt-get …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { code } = await runProgram('apt-get', ['update', '-qq'], { env });
  if (code !== 0) say('apt-get update failed: trying with the lists that are here.');
  await runProgram('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
  });
}
