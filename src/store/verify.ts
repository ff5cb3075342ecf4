import { type DamagedFile, PackCorruptedError, PackFileTruncatedError } from './errors.ts';
import type { Manifest, PackFile } from './manifest.ts';
import { filesOf } from './open_pack.ts';
import { type OnProgress, ProgressMeter } from './progress.ts';
import { createSha256 } from './sha256.ts';
import type { WeightStore } from './weight_store.ts';

/** Bytes between two looks at the signal. */
const PIECE_BYTES = 4 * 2 ** 20;
/** While the platform hashes one file in a thread of its own, the next one is read. */
const FILES_AT_ONCE = 2;

/**
 * Compares the SHA-256 of every file of a pack with its manifest.
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

/** Those of the files that are missing, or whose size or SHA-256 is another. */
export async function findDamaged(
  store: WeightStore,
  pack: string,
  files: readonly Pick<PackFile, 'name' | 'bytes' | 'sha256'>[],
  meter: ProgressMeter,
  signal?: AbortSignal,
): Promise<DamagedFile[]> {
  const sizes = await store.files(pack);
  const hashes = new Map<string, string | null>();
  // When one loop throws, it ends the generator, and with it the other loop.
  const queue = (function* () {
    yield* files;
  })();
  const work = async () => {
    for (const { name, bytes, sha256 } of queue) {
      meter.begin(name);
      let counted = 0;
      const onBytes = (read: number) => {
        counted += read;
        meter.add(read);
      };
      const hash =
        sizes.get(name) === bytes ? await hashFile(store, pack, name, onBytes, signal) : null;
      hashes.set(name, hash);
      if (hash === sha256) meter.end();
      else meter.drop(counted);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  return files.flatMap(({ name, sha256 }) => {
    const actual = hashes.get(name) ?? null;
    return actual === sha256 ? [] : [{ file: name, expected: sha256, actual }];
  });
}

/** SHA-256 of a file, or null when it ends before its size. */
async function hashFile(
  store: WeightStore,
  pack: string,
  name: string,
  onBytes: (read: number) => void,
  signal?: AbortSignal,
): Promise<string | null> {
  const file = await store.open(pack, name);
  try {
    const hash = createSha256(file.size);
    const buffer = new Uint8Array(Math.min(file.size, PIECE_BYTES));
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const piece = buffer.subarray(0, Math.min(PIECE_BYTES, file.size - at));
      await file.read(piece, at);
      hash.update(piece);
      onBytes(piece.length);
    }
    return await hash.digest();
  } catch (error) {
    if (error instanceof PackFileTruncatedError) return null;
    throw error;
  } finally {
    file.close();
  }
}
