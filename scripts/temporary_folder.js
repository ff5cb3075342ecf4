import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Hands out a new folder inside `parent`, and removes it afterwards, also when the process is ended.
 * @template T
 * @param {string} parent
 * @param {(folder: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withTemporaryFolder(parent, use) {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'temporary-'));
  const removeNow = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeNow);
  try {
    return await use(folder);
  } finally {
    process.off('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  }
}
