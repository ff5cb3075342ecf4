import { sha256 } from '../formats/sha256.ts';
import type { HashJob, HashResult } from './hash_thread.ts';

/** The browser's hash thread: bytes come, and go back with their SHA-256. */
globalThis.addEventListener('message', async ({ data }: MessageEvent<HashJob>) => {
  const { buffer, length } = data;
  const result: HashResult = { buffer, sha256: await sha256(new Uint8Array(buffer, 0, length)) };
  globalThis.postMessage(result, { transfer: [buffer] });
});
