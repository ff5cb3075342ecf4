import { createStore, promisifyRequest, type UseStore } from 'idb-keyval';
import { PackFileMissingError, PackFileTruncatedError, StoreLockedError } from './errors.ts';
import { checkNames } from './names.ts';
import { availableStorage, orQuotaError } from './quota.ts';
import type { FileWriter, StoredFile, WeightStore } from './weight_store.ts';

/** Bytes of a record. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** Chunks kept in memory: the planes of a tensor that is read tile by tile lie in as many places. */
const CACHED_CHUNKS = 4;

/** A committed file: written in the transaction that ends its writing. Its chunks are visible only through it. */
interface IndexRecord {
  readonly size: number;
  /** Which writing of the file its chunks come from. */
  readonly writing: string;
}

/**
 * Packs in IndexedDB, for browsers without synchronous OPFS handles. The records are
 *
 *     ['file', pack, file]                   → IndexRecord
 *     ['chunk', pack, file, writing, index]  → ArrayBuffer of CHUNK_BYTES, the last one shorter
 *
 * Reads are asynchronous, and touch only the chunks that the range lies in.
 */
export class IndexedDbStore implements WeightStore {
  readonly kind = 'indexeddb';
  private readonly use: UseStore;
  private readonly cache = new ChunkCache();

  /** @param database Name of the database, so that tests can have their own. */
  constructor(database = 'lamina-packs') {
    this.use = createStore(database, 'files');
  }

  async list(): Promise<string[]> {
    const keys = await this.use('readonly', (records) =>
      promisifyRequest(records.getAllKeys(under('file'))),
    );
    return [...new Set(keys.map((key) => (key as string[])[1]!))];
  }

  async files(pack: string): Promise<Map<string, number>> {
    checkNames(pack);
    const range = under('file', pack);
    return this.use('readonly', async (records) => {
      // Both requests before the first await: a transaction ends when nothing is asked of it.
      const [keys, values] = await Promise.all([
        promisifyRequest(records.getAllKeys(range)),
        promisifyRequest<IndexRecord[]>(records.getAll(range)),
      ]);
      return new Map(keys.map((key, i) => [(key as string[])[2]!, values[i]!.size]));
    });
  }

  async open(pack: string, file: string): Promise<StoredFile> {
    checkNames(pack, file);
    const index = await this.use('readonly', (records) =>
      promisifyRequest<IndexRecord | undefined>(records.get(['file', pack, file])),
    );
    if (!index) throw new PackFileMissingError({ pack, file });
    const { size, writing } = index;
    return {
      size,
      read: async (into, at) => {
        const truncated = () =>
          new PackFileTruncatedError({ pack, file, at, wanted: into.length, size });
        if (at + into.length > size) throw truncated();
        for (let done = 0; done < into.length; ) {
          const position = at + done;
          const index = Math.floor(position / CHUNK_BYTES);
          const chunk = await this.chunk(['chunk', pack, file, writing, index]);
          const start = position - index * CHUNK_BYTES;
          const piece = chunk?.subarray(start, start + into.length - done);
          if (!piece?.length) throw truncated();
          into.set(piece, done);
          done += piece.length;
        }
      },
      close() {},
    };
  }

  async create(pack: string, file: string): Promise<FileWriter> {
    checkNames(pack, file);
    const committed = await this.use('readonly', (records) =>
      promisifyRequest<IndexRecord | undefined>(records.get(['file', pack, file])),
    );
    await this.change(0, (records) => {
      deleteChunks(records, pack, file, committed?.writing);
    });
    return new IndexedDbWriter(pack, file, (needed, change) => this.change(needed, change));
  }

  async remove(pack: string, file?: string): Promise<void> {
    checkNames(pack);
    if (file !== undefined) checkNames(file);
    const rest = file === undefined ? [pack] : [pack, file];
    await this.change(0, (records) => {
      records.delete(file === undefined ? under('file', pack) : ['file', pack, file]);
      records.delete(under('chunk', ...rest));
    });
  }

  available(): Promise<number | null> {
    return availableStorage();
  }

  private async chunk(key: ChunkKey): Promise<Uint8Array | undefined> {
    const known = this.cache.get(key);
    if (known) return known;
    const record = await this.use('readonly', (records) =>
      promisifyRequest<ArrayBuffer | undefined>(records.get(key)),
    );
    return record && this.cache.add(key, new Uint8Array(record));
  }

  /** One transaction, done when it is on the disk; `needed` bytes are what it adds. */
  private async change(needed: number, change: (records: IDBObjectStore) => void): Promise<void> {
    try {
      await this.use('readwrite', (records) => {
        change(records);
        return promisifyRequest(records.transaction);
      });
    } catch (error) {
      throw await orQuotaError(error, needed);
    }
  }
}

type Change = (needed: number, change: (records: IDBObjectStore) => void) => Promise<void>;

class IndexedDbWriter implements FileWriter {
  private readonly pack: string;
  private readonly file: string;
  private readonly change: Change;
  private readonly writing = crypto.randomUUID();
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  /** Bytes of `chunk` that are filled. */
  private filled = 0;
  private chunks = 0;

  constructor(pack: string, file: string, change: Change) {
    this.pack = pack;
    this.file = file;
    this.change = change;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const piece = bytes.subarray(done, done + CHUNK_BYTES - this.filled);
      this.chunk.set(piece, this.filled);
      this.filled += piece.length;
      done += piece.length;
      if (this.filled === CHUNK_BYTES) await this.flush();
    }
  }

  async commit(): Promise<void> {
    const { pack, file, writing } = this;
    const size = this.chunks * CHUNK_BYTES + this.filled;
    if (this.filled > 0) await this.flush();
    let whole = true;
    await this.change(0, (records) => {
      // Another tab that began to write the same file has removed the chunks of this writing.
      const count = records.count(under('chunk', pack, file, writing));
      count.onsuccess = () => {
        whole = count.result === this.chunks;
        if (!whole) return;
        records.put({ size, writing } satisfies IndexRecord, ['file', pack, file]);
        deleteChunks(records, pack, file, writing);
      };
    });
    if (!whole) throw new StoreLockedError({ pack, file });
  }

  async abort(): Promise<void> {
    const { pack, file, writing } = this;
    await this.change(0, (records) => {
      const index: IDBRequest<IndexRecord | undefined> = records.get(['file', pack, file]);
      index.onsuccess = () => {
        if (index.result?.writing === writing) return;
        records.delete(under('chunk', pack, file, writing));
      };
    });
  }

  private async flush(): Promise<void> {
    const bytes = this.chunk.slice(0, this.filled).buffer;
    const key: ChunkKey = ['chunk', this.pack, this.file, this.writing, this.chunks];
    await this.change(bytes.byteLength, (records) => {
      records.put(bytes, key);
    });
    this.chunks += 1;
    this.filled = 0;
  }
}

type ChunkKey = [kind: 'chunk', pack: string, file: string, writing: string, index: number];

/** The chunks read last. */
class ChunkCache {
  private readonly chunks = new Map<string, Uint8Array>();

  get(key: ChunkKey): Uint8Array | undefined {
    const name = key.join('/');
    const chunk = this.chunks.get(name);
    if (chunk) {
      this.chunks.delete(name);
      this.chunks.set(name, chunk);
    }
    return chunk;
  }

  add(key: ChunkKey, chunk: Uint8Array): Uint8Array {
    this.chunks.set(key.join('/'), chunk);
    // A map keeps the order of insertion: the first is the one not used for longest.
    const [oldest] = this.chunks.keys();
    if (this.chunks.size > CACHED_CHUNKS) this.chunks.delete(oldest!);
    return chunk;
  }
}

/** Deletes a file's chunks, except those of one writing. */
function deleteChunks(
  records: IDBObjectStore,
  pack: string,
  file: string,
  except: string | undefined,
): void {
  const all = under('chunk', pack, file);
  if (except === undefined) {
    records.delete(all);
    return;
  }
  const kept = under('chunk', pack, file, except);
  records.delete(IDBKeyRange.bound(all.lower, kept.lower, false, true));
  records.delete(IDBKeyRange.bound(kept.upper, all.upper, true, false));
}

/** All keys that begin with this: an array sorts after every string and number. */
function under(...prefix: readonly string[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}
