/**
 * Where packs live: OPFS, IndexedDB, memory, or a folder in Node. A pack is a directory of immutable files.
 * The same test-suite runs over every implementation.
 */
export interface WeightStore {
  readonly kind: 'opfs' | 'indexeddb' | 'memory' | 'node';
  /** Names of all packs that have at least one file, complete or not. */
  list(): Promise<string[]>;
  /** Names and sizes in bytes of a pack's committed files; empty when there is no such pack. */
  files(pack: string): Promise<Map<string, number>>;
  /** @throws PackFileMissingError */
  open(pack: string, file: string): Promise<StoredFile>;
  /** A new file that exists only once `commit()` has returned. An existing file of that name is replaced then. */
  create(pack: string, file: string): Promise<FileWriter>;
  /** Removes a file; without a name, the whole pack. Missing is not an error. */
  remove(pack: string, file?: string): Promise<void>;
  /** Bytes that can still be written, or null when the platform does not say. */
  available(): Promise<number | null>;
}

/** What only reads needs no more of a store. */
export type WeightReader = Pick<WeightStore, 'open'>;

/** A committed file, open for reading. */
export interface StoredFile {
  readonly size: number;
  /**
   * Fills `into` from byte `at`. Synchronous where the platform allows it (OPFS, Node), so that a weight goes
   * from the disk straight into a mapped GPU buffer.
   * @throws PackFileTruncatedError when the file ends before `into` is full.
   */
  read(into: Uint8Array, at: number): void | Promise<void>;
  close(): void;
}

/** A file being written: append-only, invisible to readers until committed. */
export interface FileWriter {
  /** @throws StorageQuotaError when the store is full, saying how many bytes are missing. */
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  /** Drops what was written. Safe after an error, and more than once. */
  abort(): Promise<void>;
}
