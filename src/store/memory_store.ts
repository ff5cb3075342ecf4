import { PackFileMissingError, PackFileTruncatedError } from './errors.ts';
import { checkNames } from './names.ts';
import type { FileWriter, StoredFile, WeightStore } from './weight_store.ts';

/** Packs in memory: for tests, and for small models where nothing may be stored. */
export class MemoryStore implements WeightStore {
  readonly kind = 'memory';
  private readonly packs = new Map<string, Map<string, Uint8Array>>();

  async list(): Promise<string[]> {
    return [...this.packs.keys()];
  }

  async files(pack: string): Promise<Map<string, number>> {
    checkNames(pack);
    const files = this.packs.get(pack) ?? new Map<string, Uint8Array>();
    return new Map(Array.from(files, ([name, bytes]) => [name, bytes.length]));
  }

  async open(pack: string, file: string): Promise<StoredFile> {
    checkNames(pack, file);
    const bytes = this.packs.get(pack)?.get(file);
    if (!bytes) throw new PackFileMissingError({ pack, file });
    const size = bytes.length;
    return {
      size,
      read(into, at) {
        if (at + into.length > size) {
          throw new PackFileTruncatedError({ pack, file, at, wanted: into.length, size });
        }
        into.set(bytes.subarray(at, at + into.length));
      },
      close() {},
    };
  }

  async create(pack: string, file: string): Promise<FileWriter> {
    checkNames(pack, file);
    const { packs } = this;
    let pieces: Uint8Array[] = [];
    return {
      async write(bytes) {
        pieces.push(bytes.slice());
      },
      async commit() {
        const files = packs.get(pack) ?? new Map<string, Uint8Array>();
        files.set(file, concatenate(pieces));
        packs.set(pack, files);
        pieces = [];
      },
      async abort() {
        pieces = [];
      },
    };
  }

  async remove(pack: string, file?: string): Promise<void> {
    checkNames(pack);
    const files = this.packs.get(pack);
    if (file === undefined) {
      files?.clear();
    } else {
      checkNames(file);
      files?.delete(file);
    }
    if (files?.size === 0) this.packs.delete(pack);
  }

  async available(): Promise<number | null> {
    return null;
  }
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
