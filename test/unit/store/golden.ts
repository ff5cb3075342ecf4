import { readFile } from 'node:fs/promises';

/** A file under test/golden. */
export async function golden(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(`../../golden/${path}`, import.meta.url)));
}
