import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordStore } from '../src/plan/records.ts';

/** Records as JSON files in a folder. */
export class RecordFolder implements RecordStore {
  private readonly folder: string;

  /** @param folder made at the first write */
  constructor(folder: string) {
    this.folder = folder;
  }

  async read(name: string): Promise<string | null> {
    try {
      return await readFile(this.pathOf(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const part = `${this.pathOf(name)}.${process.pid}.part`;
    await writeFile(part, text);
    await rename(part, this.pathOf(name));
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}
