import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf, ScriptError } from './script_error.js';
import { withTemporaryFolder } from './temporary_folder.js';
import { progressLine, say, share } from './terminal.js';
import { writeStream } from './verified_file.js';

/**
 * The path of the model that `LAMINA_MODEL` names. One at a URL is downloaded once, into `folder`.
 * @param {string} named path or URL
 * @param {string} folder
 * @returns {Promise<string>}
 * @throws ScriptError
 */
export async function ensureNamedModel(named, folder) {
  // A scheme has two letters or more: `C:\…` is a path.
  if (!/^[a-z][a-z0-9+.-]+:/i.test(named)) return checked(resolve(named), named);
  if (!URL.canParse(named)) throw new ScriptError(`LAMINA_MODEL (${named}) is not a URL.`);
  const url = new URL(named);
  if (url.protocol === 'file:') return checked(fileURLToPath(url), named);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ScriptError(
      `LAMINA_MODEL (${named}) is neither a path nor an address: give the path of a .gguf file, or a URL that begins with https://.`,
    );
  }
  return checked(await ensureDownload(url, folder), named);
}

/**
 * @param {URL} url
 * @param {string} folder
 */
async function ensureDownload(url, folder) {
  const name = decodeURIComponent(basename(url.pathname)).replace(/[^\w.-]+/g, '_') || 'model.gguf';
  // Two addresses may end in the same name.
  const place = createHash('sha256').update(url.href).digest('hex').slice(0, 8);
  const path = join(folder, place, name);
  if (existsSync(path)) return path;
  await withTemporaryFolder(folder, async (temporary) => {
    say(`Downloading ${url.href} …`);
    const part = join(temporary, name);
    const line = progressLine();
    try {
      const response = await fetch(url);
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      const total = Number(response.headers.get('Content-Length') ?? 0);
      let received = 0;
      await writeStream(response.body, part, (bytes) => {
        received = bytes;
        line.show(share(bytes, total));
      });
      // A compressed answer has another length than its content.
      if (total > 0 && !response.headers.has('Content-Encoding') && received !== total) {
        throw new Error(`it broke off after ${received} of ${total} bytes`);
      }
    } catch (error) {
      throw new ScriptError(
        `The model of LAMINA_MODEL could not be downloaded from ${url.href}: ${reasonOf(error)}. Check the address and the network connection, or download the file in another way and set LAMINA_MODEL to its path.`,
        { cause: error },
      );
    } finally {
      line.end();
    }
    await mkdir(join(folder, place), { recursive: true });
    await rename(await checked(part, url.href), path);
  });
  return path;
}

/**
 * @param {string} path
 * @param {string} named what `LAMINA_MODEL` says
 * @returns {Promise<string>} `path`
 * @throws ScriptError when there is no GGUF file
 */
async function checked(path, named) {
  const magic = Buffer.alloc(4);
  try {
    const file = await open(path);
    try {
      await file.read(magic, 0, 4, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new ScriptError(
      `LAMINA_MODEL (${named}) cannot be read: ${reasonOf(error)}. Give the path or the URL of a .gguf file, or unset it for the default model.`,
      { cause: error },
    );
  }
  if (magic.toString('latin1') !== 'GGUF') {
    throw new ScriptError(
      `LAMINA_MODEL (${named}) is not a GGUF file. Give the path or the URL of a .gguf file, or unset it for the default model.`,
    );
  }
  return path;
}
