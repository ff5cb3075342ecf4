import { type DamagedFile, PackCorruptedError, PackFileTruncatedError } from './errors.ts';
import { HashPool } from './hash_pool.ts';
import { type Manifest, type PackFile, PIECE_BYTES } from './manifest.ts';
import { filesOf } from './open_pack.ts';
import { type OnProgress, ProgressMeter } from './progress.ts';
import type { WeightStore } from './weight_store.ts';

/** What verifying needs to know of a file. */
export type HashedFile = Pick<PackFile, 'name' | 'bytes' | 'pieces'>;

/**
 * Compares the SHA-256 of every piece of a pack's files with its manifest.
 * @throws PackCorruptedError naming all damaged files; the signal's reason when aborted.
 */
export async function verifyPack(
  store: WeightStore,
  pack: string,
  manifest: Manifest,
  onProgress?: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const files = filesOf(manifest);
  const meter = new ProgressMeter('verifying', files, onProgress);
  const damaged = await findDamaged(store, pack, files, meter, signal);
  if (damaged.length === 0) return;
  const names = new Set(damaged.map(({ file }) => file));
  const layers = manifest.layers.flatMap(({ name }, i) => (names.has(name) ? [i] : []));
  throw new PackCorruptedError({ pack, files: damaged, layers });
}

/** Those of the files that are missing, or whose size or content is another: while some pieces are hashed, the next are read. */
export async function findDamaged(
  store: WeightStore,
  pack: string,
  files: readonly HashedFile[],
  meter: ProgressMeter,
  signal?: AbortSignal,
): Promise<DamagedFile[]> {
  const sizes = await store.files(pack);
  const pool = new HashPool();
  try {
    const checks: Promise<DamagedFile | null>[] = [];
    for (const file of files) {
      meter.begin(file.name);
      const whole = sizes.get(file.name) === file.bytes;
      const hashes = whole ? await hashFile(store, pack, file, pool, meter, signal) : null;
      const check = checkFile(file, hashes, meter);
      // A failure is told when all have been read; until then it is not an unhandled one.
      check.catch(() => undefined);
      checks.push(check);
    }
    return (await Promise.all(checks)).filter((damage) => damage !== null);
  } finally {
    pool.close();
  }
}

/** Reads a file: the hashes of its pieces, which may still be under way; null when it ends before its size. */
async function hashFile(
  store: WeightStore,
  pack: string,
  { name, bytes }: HashedFile,
  pool: HashPool,
  meter: ProgressMeter,
  signal?: AbortSignal,
): Promise<Promise<string>[] | null> {
  const hashes: Promise<string>[] = [];
  const file = await store.open(pack, name);
  let at = 0;
  try {
    for (; at < bytes; at += PIECE_BYTES) {
      const lane = await pool.take();
      const length = Math.min(PIECE_BYTES, bytes - at);
      try {
        signal?.throwIfAborted();
        await file.read(lane.bytes.subarray(0, length), at);
      } catch (error) {
        lane.release();
        throw error;
      }
      hashes.push(lane.hash(length));
      meter.add(length);
    }
    return hashes;
  } catch (error) {
    if (!(error instanceof PackFileTruncatedError)) throw error;
    meter.drop(at);
    return null;
  } finally {
    file.close();
  }
}

async function checkFile(
  { name, bytes, pieces }: HashedFile,
  hashes: readonly Promise<string>[] | null,
  meter: ProgressMeter,
): Promise<DamagedFile | null> {
  if (!hashes) return { file: name, pieces: null };
  const actual = await Promise.all(hashes);
  const damaged = actual.flatMap((sha256, i) => (sha256 === pieces[i] ? [] : [i]));
  if (damaged.length === 0) meter.end();
  else meter.drop(bytes);
  return damaged.length === 0 ? null : { file: name, pieces: damaged };
}
