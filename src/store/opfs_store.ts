import { PackFileMissingError, PackFileTruncatedError, StoreLockedError } from './errors.ts';
import { checkNames, isName, PART_SUFFIX } from './names.ts';
import { availableStorage, orQuotaError } from './quota.ts';
import type { FileWriter, StoredFile, WeightStore } from './weight_store.ts';

const FOLDER = 'lamina-packs';

/**
 * Packs in the origin private file system, a directory each. Reads are synchronous (worker only), so that weights
 * go from the disk into a mapped GPU buffer without a copy in between. A file is written as `<name>.part` and
 * moved to its name when it is whole.
 */
export class OpfsStore implements WeightStore {
  readonly kind = 'opfs';
  private readonly root: FileSystemDirectoryHandle;

  private constructor(root: FileSystemDirectoryHandle) {
    this.root = root;
  }

  static async open(): Promise<OpfsStore> {
    const origin = await navigator.storage.getDirectory();
    return new OpfsStore(await origin.getDirectoryHandle(FOLDER, { create: true }));
  }

  async list(): Promise<string[]> {
    const packs: string[] = [];
    for await (const name of this.root.keys()) {
      if (isName(name) && (await this.files(name)).size > 0) packs.push(name);
    }
    return packs;
  }

  async files(pack: string): Promise<Map<string, number>> {
    checkNames(pack);
    const files = new Map<string, number>();
    const folder = await this.folder(pack);
    if (!folder) return files;
    for await (const [name, entry] of folder.entries()) {
      if (!isName(name) || entry.kind !== 'file') continue;
      files.set(name, (await (entry as FileSystemFileHandle).getFile()).size);
    }
    return files;
  }

  async open(pack: string, file: string): Promise<StoredFile> {
    checkNames(pack, file);
    try {
      const folder = await this.root.getDirectoryHandle(pack);
      const entry = await folder.getFileHandle(file);
      // Several readers may share a file; browsers that do not know the mode lock it for one.
      return storedFile(await syncHandle(entry, 'read-only'), pack, file);
    } catch (error) {
      throw typed(error, pack, file);
    }
  }

  async create(pack: string, file: string): Promise<FileWriter> {
    checkNames(pack, file);
    try {
      const folder = await this.root.getDirectoryHandle(pack, { create: true });
      const part = await folder.getFileHandle(file + PART_SUFFIX, { create: true });
      const handle = await syncHandle(part, 'readwrite');
      handle.truncate(0);
      return new OpfsWriter(part, handle, pack, file, async () => {
        await folder.removeEntry(part.name);
        await this.removeIfEmpty(pack);
      });
    } catch (error) {
      throw typed(error, pack, file);
    }
  }

  async remove(pack: string, file?: string): Promise<void> {
    checkNames(pack);
    if (file !== undefined) checkNames(file);
    try {
      if (file === undefined) {
        await this.root.removeEntry(pack, { recursive: true });
      } else {
        await (await this.folder(pack))?.removeEntry(file);
      }
    } catch (error) {
      if (!hasName(error, 'NotFoundError')) throw typed(error, pack, file ?? '*');
    }
    if (file !== undefined) await this.removeIfEmpty(pack);
  }

  available(): Promise<number | null> {
    return availableStorage();
  }

  private async folder(pack: string): Promise<FileSystemDirectoryHandle | undefined> {
    try {
      return await this.root.getDirectoryHandle(pack);
    } catch (error) {
      if (hasName(error, 'NotFoundError')) return undefined;
      throw error;
    }
  }

  private async removeIfEmpty(pack: string): Promise<void> {
    try {
      await this.root.removeEntry(pack);
    } catch (error) {
      const notEmpty = hasName(error, 'InvalidModificationError');
      if (!notEmpty && !hasName(error, 'NotFoundError')) throw error;
    }
  }
}

class OpfsWriter implements FileWriter {
  private readonly part: FileSystemFileHandle;
  private readonly handle: FileSystemSyncAccessHandle;
  private readonly pack: string;
  private readonly file: string;
  private readonly discard: () => Promise<void>;
  private size = 0;
  private closed = false;

  constructor(
    part: FileSystemFileHandle,
    handle: FileSystemSyncAccessHandle,
    pack: string,
    file: string,
    discard: () => Promise<void>,
  ) {
    this.part = part;
    this.handle = handle;
    this.pack = pack;
    this.file = file;
    this.discard = discard;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { handle } = this;
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.subarray(done);
      try {
        const count = handle.write(rest as Uint8Array<ArrayBuffer>, { at: this.size });
        // Chromium reports a full disk as a short write.
        if (count === 0) throw new DOMException('nothing was written', 'QuotaExceededError');
        done += count;
        this.size += count;
      } catch (error) {
        throw await orQuotaError(error, rest.length);
      }
    }
  }

  async commit(): Promise<void> {
    const { pack, file, handle } = this;
    try {
      this.closed = true;
      // Without `flush()`, a tenth of an import's time: should a power cut lose some of it, its hashes will tell.
      handle.close();
      await (this.part as MovableHandle).move(file);
    } catch (error) {
      throw typed(error, pack, file);
    }
  }

  async abort(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.handle.close();
    await this.discard();
  }
}

/** `FileSystemHandle.move()`: in every browser that has OPFS and WebGPU, but not yet in TypeScript's library. */
export interface MovableHandle extends FileSystemFileHandle {
  move(name: string): Promise<void>;
}

function storedFile(handle: FileSystemSyncAccessHandle, pack: string, file: string): StoredFile {
  const size = handle.getSize();
  return {
    size,
    read(into, at) {
      for (let done = 0; done < into.length; ) {
        const rest = into.subarray(done) as Uint8Array<ArrayBuffer>;
        const count = handle.read(rest, { at: at + done });
        if (count === 0) {
          throw new PackFileTruncatedError({ pack, file, at, wanted: into.length, size });
        }
        done += count;
      }
    },
    close() {
      handle.close();
    },
  };
}

function syncHandle(
  file: FileSystemFileHandle,
  mode: 'read-only' | 'readwrite',
): Promise<FileSystemSyncAccessHandle> {
  // The mode is not yet in TypeScript's library.
  const create = file.createSyncAccessHandle as (options: {
    mode: string;
  }) => Promise<FileSystemSyncAccessHandle>;
  return create.call(file, { mode });
}

/** The typed error for what OPFS threw about a file; anything unknown is given back as it is. */
function typed(error: unknown, pack: string, file: string): unknown {
  if (hasName(error, 'NotFoundError')) return new PackFileMissingError({ pack, file });
  // The second name is Safari's.
  const locked =
    hasName(error, 'NoModificationAllowedError') || hasName(error, 'InvalidStateError');
  return locked ? new StoreLockedError({ pack, file }) : error;
}

function hasName(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
