import { join, relative, resolve, sep } from 'node:path';
import { sendFile } from './send_file.js';

/**
 * Answers a request, or leaves it to `next`: what Node's `http` and Vite both take.
 * @typedef {(
 *   request: import('node:http').IncomingMessage,
 *   response: import('node:http').ServerResponse,
 *   next: () => void,
 * ) => Promise<void>} RequestHandler
 */

/**
 * Serves a folder's files; `index.html` for a path that ends in a slash.
 * @param {string} folder
 * @returns {RequestHandler}
 */
export function staticFiles(folder) {
  return async (request, response, next) => {
    const path = pathname(request);
    const file =
      path === null ? null : fileInside(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (file === null || !(await sendFile(request, response, file))) next();
  };
}

/**
 * A request's decoded path; null when it is none.
 * @param {import('node:http').IncomingMessage} request
 * @returns {string | null}
 */
export function pathname({ url = '/' }) {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/s, ''));
  } catch {
    return null;
  }
}

/**
 * @param {string} folder
 * @param {string} path relative to it, from outside: hostile
 * @returns {string | null} null when it leaves the folder
 */
export function fileInside(folder, path) {
  if (path.includes('\0')) return null;
  const file = resolve(join(folder, path));
  const inside = relative(resolve(folder), file);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) ? null : file;
}
