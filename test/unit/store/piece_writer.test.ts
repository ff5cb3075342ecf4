import { afterEach, beforeEach, expect, test } from 'vitest';
import { HashPool } from '../../../src/store/hash_pool.ts';
import { PIECE_BYTES } from '../../../src/store/manifest.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { type PieceWriter, writePieces } from '../../../src/store/piece_writer.ts';
import type { FileWriter } from '../../../src/store/weight_store.ts';
import { piecesOf } from './piece_hashes.ts';
import { get, pattern } from './weight_store_suite.ts';

let pool: HashPool;
beforeEach(() => {
  pool = new HashPool();
});
afterEach(() => pool.close());

/** Adds the bytes in parts of this many. */
function putAll(bytes: Uint8Array, most: number) {
  return async (out: PieceWriter) => {
    for (let at = 0; at < bytes.length; at += most) await out.put(bytes.slice(at, at + most));
  };
}

test.each([
  [0, 1000],
  [1, 1000],
  [PIECE_BYTES, PIECE_BYTES],
  [PIECE_BYTES + 1, 1_000_003],
  [3 * PIECE_BYTES + 12_345, 3 * PIECE_BYTES],
])(
  'a file of %i bytes, put in parts of %i, is written and hashed piece by piece',
  async (length, most) => {
    const store = new MemoryStore();
    const bytes = pattern(length);
    const pieces = await writePieces(store, 'pack', 'a.bin', { pool }, putAll(bytes, most));
    expect(Buffer.compare(await get(store, 'pack', 'a.bin'), bytes)).toBe(0);
    expect(pieces).toEqual(piecesOf(bytes));
  },
);

/** A store whose n-th write fails; `settled`: how many writes were still under way when the file was given up. */
class FailingStore extends MemoryStore {
  readonly cause = new Error('the disk is gone');
  underWay = 0;
  atAbort = -1;
  private readonly failsAt: number;

  constructor(failsAt: number) {
    super();
    this.failsAt = failsAt;
  }

  override async create(pack: string, file: string): Promise<FileWriter> {
    const writer = await super.create(pack, file);
    let writes = 0;
    return {
      ...writer,
      write: async (bytes) => {
        this.underWay += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        this.underWay -= 1;
        if (++writes === this.failsAt) throw this.cause;
        await writer.write(bytes);
      },
      abort: async () => {
        this.atAbort = this.underWay;
        await writer.abort();
      },
    };
  }
}

test.each([1, 2, 3])(
  'when write %i of three fails nothing is left of the file',
  async (failsAt) => {
    const store = new FailingStore(failsAt);
    const bytes = pattern(3 * PIECE_BYTES);
    const writing = writePieces(store, 'pack', 'a.bin', { pool }, putAll(bytes, 1_000_000));
    await expect(writing).rejects.toBe(store.cause);
    expect(await store.list()).toEqual([]);
  },
);

test('a file is given up when nothing of it is being written any more', async () => {
  const store = new FailingStore(0);
  const cause = new Error('the source is gone');
  const writing = writePieces(store, 'pack', 'a.bin', { pool }, async (out) => {
    await out.put(pattern(PIECE_BYTES));
    expect(store.underWay).toBe(1);
    throw cause;
  });
  await expect(writing).rejects.toBe(cause);
  expect(store.atAbort).toBe(0);
});

test('an abort is seen at the next piece', async () => {
  const store = new MemoryStore();
  const cancel = new AbortController();
  const reason = new Error('not now');
  const onBytes = () => cancel.abort(reason);
  const { signal } = cancel;
  const bytes = pattern(5 * PIECE_BYTES);
  const writing = writePieces(
    store,
    'pack',
    'a.bin',
    { pool, onBytes, signal },
    putAll(bytes, 1_000_000),
  );
  await expect(writing).rejects.toBe(reason);
  expect(await store.list()).toEqual([]);
});
