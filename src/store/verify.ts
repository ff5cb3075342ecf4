import { type DamagedFile, PackCorruptedError, PackFileTruncatedError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { filesOf } from './open_pack.ts';
import { type OnProgress, ProgressMeter } from './progress.ts';
import { createSha256 } from './sha256.ts';
import type { WeightStore } from './weight_store.ts';

/** Bytes between two looks at the signal. */
const PIECE_BYTES = 4 * 2 ** 20;

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
  const sizes = await store.files(pack);
  const damaged: DamagedFile[] = [];
  for (const { name, bytes, sha256 } of files) {
    meter.begin(name);
    const actual =
      sizes.get(name) === bytes
        ? await hashFile(store, pack, name, (read) => meter.add(read), signal)
        : null;
    const whole = actual === sha256;
    if (!whole) damaged.push({ file: name, expected: sha256, actual });
    meter.end(whole);
  }
  if (damaged.length === 0) return;
  const names = new Set(damaged.map(({ file }) => file));
  const layers = manifest.layers.flatMap(({ name }, i) => (names.has(name) ? [i] : []));
  throw new PackCorruptedError({ pack, files: damaged, layers });
}

/** SHA-256 of a file, or null when it ends before its size. */
export async function hashFile(
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
