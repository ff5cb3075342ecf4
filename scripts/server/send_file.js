import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parseByteRange } from './byte_range.js';
import { contentType } from './content_type.js';

/** Pages of other origins may read models from here, by ranges, and see which version they read. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'Range, If-Range, If-None-Match',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Length, Content-Range, ETag',
  'Access-Control-Max-Age': '86400',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/**
 * Answers a request with a file, or the part of it that was asked for.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {string} path
 * @returns {Promise<boolean>} false: there is no such file, and nothing was answered
 */
export async function sendFile(request, response, path) {
  const file = await open(path).catch(() => null);
  if (!file) return false;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return false;
    const { size, mtimeMs } = stats;
    const etag = `"${size.toString(16)}-${Math.floor(mtimeMs * 1000).toString(16)}"`;
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Cache-Control', 'no-cache');
    response.setHeader('Content-Type', contentType(path));
    response.setHeader('ETag', etag);
    response.setHeader('X-Content-Type-Options', 'nosniff');

    const { method } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD, OPTIONS' }).end();
    } else if (matches(request.headers['if-none-match'], etag)) {
      response.writeHead(304).end();
    } else {
      const range = method === 'GET' ? rangeOf(request, size, etag) : null;
      if (range === 'unsatisfiable') {
        response.writeHead(416, { 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
        return true;
      }
      const { first, last } = range ?? { first: 0, last: size - 1 };
      const length = last - first + 1;
      response.setHeader('Content-Length', length);
      if (range) response.setHeader('Content-Range', `bytes ${first}-${last}/${size}`);
      response.writeHead(range ? 206 : 200);
      if (method === 'HEAD' || length === 0) response.end();
      else await send(file, first, last, response);
    }
    return true;
  } finally {
    await file.close();
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} start
 * @param {number} end inclusive
 * @param {import('node:http').ServerResponse} response
 */
async function send(file, start, end, response) {
  const stream = file.createReadStream({ start, end, autoClose: false, highWaterMark: 2 ** 20 });
  try {
    await pipeline(stream, response);
  } catch {
    // The reader went away, or the file shrank: the answer is cut off, which its length tells.
    response.destroy();
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {number} size
 * @param {string} etag
 */
function rangeOf({ headers }, size, etag) {
  const wanted = headers['if-range'];
  // Of another version a part would be of no use (RFC 9110, 13.1.5).
  if (wanted !== undefined && wanted !== etag) return null;
  return parseByteRange(headers.range, size);
}

/**
 * `If-None-Match` compares weakly (RFC 9110, 13.1.2).
 * @param {string | undefined} header
 * @param {string} etag
 */
function matches(header, etag) {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
