import { open, rename, rm, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ByteSource } from '../../src/formats/source.ts';
import { DiskSpaceError } from '../errors.ts';

const PIECE_BYTES = 8 * 2 ** 20;

/**
 * Writes a source to a file, which has its name once it is whole.
 * @throws DiskSpaceError before anything is written
 */
export async function writeGgufFile(source: ByteSource, path: string): Promise<void> {
  const disk = await statfs(dirname(resolve(path)));
  const available = disk.bavail * disk.bsize;
  if (available < source.size) {
    throw new DiskSpaceError({ file: path, needed: source.size, available });
  }
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    for (let at = 0; at < source.size; at += PIECE_BYTES) {
      await file.writeFile(await source.read(at, Math.min(PIECE_BYTES, source.size - at)));
    }
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close();
    await rm(part, { force: true });
    throw error;
  }
}
