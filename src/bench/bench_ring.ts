import { ringRate, stretchesOf } from '../engine/ring_rate.ts';
import { createScratch } from '../engine/scratch.ts';
import type { Gpu } from '../gpu/device.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { type Follower, step } from './progress.ts';
import type { RingReport, RingResult } from './report.ts';

const MEBIBYTE = 2 ** 20;
const FILE_BYTES = 128 * MEBIBYTE;
const PIECES = [2, 3, 6];
const PIECE_BYTES = [1, 4, 16].map((mebibytes) => mebibytes * MEBIBYTE);
const REPEATS = 5;

/**
 * The staging ring alone, with fewer and more, smaller and larger pieces: a file of the store passes through it into
 * a slot.
 * @throws BenchCancelledError, NoScratchSpaceError, StorageQuotaError
 */
export async function benchRing(
  { device }: Gpu,
  store: WeightStore,
  follower: Follower = {},
): Promise<RingReport> {
  const grid = PIECES.flatMap((pieces) =>
    PIECE_BYTES.map((piece_bytes) => ({ pieces, piece_bytes })),
  );
  const of = grid.length + 1;
  step(follower, { name: 'writing a file', done: 0, of });
  const scratch = await createScratch(store, FILE_BYTES, FILE_BYTES, noise);
  try {
    const file = await scratch.reader.open('', '');
    try {
      const layers = stretchesOf(file, scratch.bytes, Math.max(...PIECE_BYTES));
      const results: RingResult[] = [];
      for (const [i, ring] of grid.entries()) {
        const name = `${ring.pieces} pieces of ${ring.piece_bytes / MEBIBYTE} MiB`;
        step(follower, { name, done: i + 1, of });
        results.push({ ...ring, bytes_rate: await ringRate(device, layers, ring, REPEATS) });
      }
      return { store: store.kind, file_bytes: scratch.bytes, results };
    } finally {
      file.close();
    }
  } finally {
    await scratch.remove();
  }
}

/** No two pieces alike, for file systems that store equal pieces once. */
function noise(piece: Uint8Array<ArrayBuffer>): void {
  crypto.getRandomValues(piece.subarray(0, 65_536));
}
