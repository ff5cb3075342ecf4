import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/**
 * What is known of a file beforehand.
 * @typedef {{ readonly bytes: number, readonly sha256: string }} Expected
 */

/**
 * Writes a stream into a file, never more than was expected.
 * @param {AsyncIterable<Uint8Array>} stream
 * @param {string} path
 * @param {(bytes: number) => void} onProgress bytes so far
 * @param {Expected} [expected]
 * @throws Error when it is not what was expected
 */
export async function writeStream(stream, path, onProgress, expected) {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    stream,
    async function* (/** @type {AsyncIterable<Uint8Array>} */ chunks) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (expected && bytes > expected.bytes) break;
        hash.update(chunk);
        onProgress(bytes);
        yield chunk;
      }
    },
    createWriteStream(path, { flush: true }),
  );
  if (expected) check(expected, bytes, hash);
}

/**
 * @param {string} path
 * @param {Expected} expected
 * @throws Error when the file is missing or another one
 */
export async function verifyFile(path, expected) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  check(expected, bytes, hash);
}

/**
 * @param {Expected} expected
 * @param {number} bytes
 * @param {import('node:crypto').Hash} hash
 */
function check(expected, bytes, hash) {
  if (bytes > expected.bytes) throw new Error(`it has more than ${expected.bytes} bytes`);
  if (bytes < expected.bytes) throw new Error(`it has ${bytes} bytes, not ${expected.bytes}`);
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) {
    throw new Error(`its SHA-256 is ${sha256}, not ${expected.sha256}`);
  }
}
