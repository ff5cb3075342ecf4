import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { installPackages } from '../../../scripts/install_packages.js';
import { testFolder } from './folder.ts';

const MARKER = 'node_modules/.package-lock.json';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A project with a lock file, and an npm that writes down how it was called. */
async function project({ exitCode = 0 } = {}): Promise<string> {
  const root = await testFolder();
  await writeFile(join(root, 'package-lock.json'), '{}');
  const npm = join(root, 'npm-cli.js');
  await writeFile(
    npm,
    `const { mkdirSync, appendFileSync, writeFileSync } = require('node:fs');
appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n');
if (${exitCode}) process.exit(${exitCode});
mkdirSync('node_modules', { recursive: true });
writeFileSync(${JSON.stringify(MARKER)}, '{}');`,
  );
  vi.stubEnv('npm_execpath', npm);
  return root;
}

async function calls(root: string): Promise<string[]> {
  const text = await readFile(join(root, 'calls.txt'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

test('missing packages are installed from the lock file, once and without their scripts', async () => {
  const root = await project();
  await installPackages(root);
  await installPackages(root);
  expect(await calls(root)).toEqual(['ci --include=dev --ignore-scripts --no-audit --no-fund']);
});

test('packages that are older than the lock file are brought up to date', async () => {
  const root = await project();
  await mkdir(join(root, 'node_modules'));
  await writeFile(join(root, MARKER), '{}');
  await utimes(join(root, MARKER), new Date(0), new Date(1000));
  await installPackages(root);
  await installPackages(root);
  expect(await calls(root)).toEqual([
    'install --no-save --include=dev --ignore-scripts --no-audit --no-fund',
  ]);
});

test('when npm fails the error says what to do', async () => {
  const root = await project({ exitCode: 1 });
  await expect(installPackages(root)).rejects.toThrow('Check the network connection');
});
