import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DEFAULT_MODEL, MODELS } from '../default_model.js';
import { inProject } from '../project.js';
import { sendFile } from './send_file.js';
import { fileInside, pathname } from './static_files.js';

const PREFIX = '/models/';
const CATALOGUE = '/models.json';

/**
 * Serves the models beside the page: `models/…` from the folder of models, and the model at `path` by its name,
 * wherever it is. A model that is not the default one comes first in `models.json`.
 * @param {string} path
 * @param {string} [folder] of models
 * @returns {Promise<import('./static_files.js').RequestHandler>}
 */
export async function modelFiles(path, folder = MODELS) {
  const name = basename(path);
  const { size } = await stat(path);
  // A copy of the default model is the default model, wherever it is.
  const isDefault = name === DEFAULT_MODEL.file && size === DEFAULT_MODEL.bytes;
  const catalogue = isDefault ? null : await catalogueWith(name, size);
  return async (request, response, next) => {
    const asked = pathname(request);
    if (asked === CATALOGUE && catalogue) {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(catalogue));
    } else if (asked?.startsWith(PREFIX)) {
      const wanted = asked.slice(PREFIX.length);
      const file = wanted === name ? path : fileInside(folder, wanted);
      if (file === null || !(await sendFile(request, response, file))) {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
        response.end(`There is no model ${wanted} here.\n`);
      }
    } else {
      next();
    }
  };
}

/**
 * The page's catalogue with another model before all others.
 * @param {string} file
 * @param {number} bytes
 */
async function catalogueWith(file, bytes) {
  const { models } = JSON.parse(await readFile(inProject('public/models.json'), 'utf8'));
  const named = {
    id: file,
    name: file.replace(/\.gguf$/i, ''),
    url: `models/${encodeURIComponent(file)}`,
    bytes,
    license: 'licence not stated',
    description: 'The model that LAMINA_MODEL names.',
  };
  return { models: [named, ...models] };
}
