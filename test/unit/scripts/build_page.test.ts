import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isBuilt } from '../../../scripts/build_page.js';
import { testFolder } from './folder.ts';

const SOURCES = [
  'index.html',
  'package-lock.json',
  'public/favicon.svg',
  'shaders/quants/q4_1.wgsl',
  'src/app/main.tsx',
  'tsconfig.json',
  'vite.config.ts',
];

/** A project that was built after its last change. */
async function builtProject(): Promise<string> {
  const root = await testFolder();
  for (const path of [...SOURCES, 'dist/index.html']) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
  await setTime(join(root, 'dist/index.html'), 1);
  return root;
}

/** Sets when a file was changed, in hours from now. */
async function setTime(path: string, hours: number): Promise<void> {
  const time = new Date(Date.now() + hours * 3_600_000);
  await utimes(path, time, time);
}

test('a page that is newer than its sources is not built again', async () => {
  expect(await isBuilt(await builtProject())).toBe(true);
});

test('a page that is not there is built', async () => {
  const root = await builtProject();
  await rm(join(root, 'dist'), { recursive: true });
  expect(await isBuilt(root)).toBe(false);
});

test.each(SOURCES)('the page is built again when %s changes', async (path) => {
  const root = await builtProject();
  await setTime(join(root, path), 2);
  expect(await isBuilt(root)).toBe(false);
});

test('the page is built again when a source is removed', async () => {
  const root = await builtProject();
  await setTime(join(root, 'dist/index.html'), -1);
  for (const path of [...SOURCES, 'src', 'src/app', 'public', 'shaders', 'shaders/quants']) {
    await setTime(join(root, path), -2);
  }
  expect(await isBuilt(root)).toBe(true);
  await rm(join(root, 'src/app/main.tsx'));
  expect(await isBuilt(root)).toBe(false);
});
