import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { inProject } from '../project.js';

/**
 * The folder in which the browser keeps what it stores, so that a model is imported once. There is one for each
 * model and port: no two processes share a port, so none share a folder, and what a browser stores belongs to a port.
 * @param {string} model path
 * @param {number} port
 * @returns {Promise<string>}
 */
export async function browserProfile(model, port) {
  const folder = inProject('.browser', `${basename(model)}-${port}`);
  const { size, mtimeMs } = await stat(model);
  const version = `${size} bytes, modified ${mtimeMs}`;
  const known = await readFile(`${folder}.version`, 'utf8').catch(() => null);
  if (known !== version) {
    // The page would go on with the model that it has.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}.version`, version);
  }
  return folder;
}
