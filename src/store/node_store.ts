import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PackFileMissingError, PackFileTruncatedError, StorageQuotaError } from './errors.ts';
import { checkNames, isName, PART_SUFFIX } from './names.ts';
import type { FileWriter, StoredFile, WeightStore } from './weight_store.ts';

/** Packs in a folder, one sub-folder each. A file appears under its name by an atomic rename. */
export class NodeStore implements WeightStore {
  readonly kind = 'node';
  private readonly root: string;

  /** @param root The folder of all packs; made at the first write. */
  constructor(root: string) {
    this.root = root;
  }

  async list(): Promise<string[]> {
    const folders = await orNothing(readdir(this.root, { withFileTypes: true }));
    const packs: string[] = [];
    for (const folder of folders ?? []) {
      if (!folder.isDirectory() || !isName(folder.name)) continue;
      if ((await this.files(folder.name)).size > 0) packs.push(folder.name);
    }
    return packs;
  }

  async files(pack: string): Promise<Map<string, number>> {
    checkNames(pack);
    const entries = await orNothing(readdir(join(this.root, pack), { withFileTypes: true }));
    const files = new Map<string, number>();
    for (const entry of entries ?? []) {
      if (!entry.isFile() || !isName(entry.name)) continue;
      files.set(entry.name, (await stat(join(this.root, pack, entry.name))).size);
    }
    return files;
  }

  async open(pack: string, file: string): Promise<StoredFile> {
    checkNames(pack, file);
    let descriptor: number;
    try {
      descriptor = openSync(join(this.root, pack, file), 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new PackFileMissingError({ pack, file });
      throw error;
    }
    const { size } = fstatSync(descriptor);
    return {
      size,
      read(into, at) {
        let done = 0;
        while (done < into.length) {
          const count = readSync(descriptor, into, done, into.length - done, at + done);
          if (count === 0) {
            throw new PackFileTruncatedError({ pack, file, at, wanted: into.length, size });
          }
          done += count;
        }
      },
      close() {
        closeSync(descriptor);
      },
    };
  }

  async create(pack: string, file: string): Promise<FileWriter> {
    checkNames(pack, file);
    const path = join(this.root, pack, file);
    // Two processes may import the same model: each writes a file of its own, and the rename picks a whole one.
    const part = `${path}.${process.pid}${PART_SUFFIX}`;
    await mkdir(dirname(path), { recursive: true });
    await this.removeLeftOver(pack, file);
    const handle = await open(part, 'w');
    let closed = false;
    const store = this;
    return {
      async write(bytes) {
        try {
          // `writeFile` on a handle writes at its position until everything is written.
          await handle.writeFile(bytes);
        } catch (error) {
          if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
          throw new StorageQuotaError({
            needed: bytes.length,
            available: await store.available(),
          });
        }
      },
      async commit() {
        await handle.sync();
        closed = true;
        await handle.close();
        await rename(part, path);
      },
      async abort() {
        if (closed) return;
        closed = true;
        await handle.close();
        await rm(part, { force: true });
        await store.removeIfEmpty(pack);
      },
    };
  }

  async remove(pack: string, file?: string): Promise<void> {
    checkNames(pack);
    if (file === undefined) {
      await rm(join(this.root, pack), { recursive: true, force: true });
    } else {
      checkNames(file);
      await rm(join(this.root, pack, file), { force: true });
      await this.removeIfEmpty(pack);
    }
  }

  async available(): Promise<number | null> {
    // Before the first write the folder is not there yet: its nearest parent is on the same disk.
    for (let folder = this.root; ; folder = dirname(folder)) {
      const disk = await orNothing(statfs(folder));
      if (disk) return disk.bavail * disk.bsize;
      if (folder === dirname(folder)) return null;
    }
  }

  /** Removes what stopped processes left half written. */
  private async removeLeftOver(pack: string, file: string): Promise<void> {
    for (const name of await readdir(join(this.root, pack))) {
      if (!name.startsWith(`${file}.`) || !name.endsWith(PART_SUFFIX)) continue;
      const pid = Number(name.slice(file.length + 1, -PART_SUFFIX.length));
      if (!isRunning(pid)) await rm(join(this.root, pack, name), { force: true });
    }
  }

  private async removeIfEmpty(pack: string): Promise<void> {
    try {
      await rmdir(join(this.root, pack));
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
    }
  }
}

/** What the promise gives, or undefined when the path does not exist. */
async function orNothing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    return Number.isInteger(pid) && process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
