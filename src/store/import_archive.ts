import type { ByteSource } from '../formats/source.ts';
import {
  ArchiveError,
  ImportCancelledError,
  PackCorruptedError,
  PackExistsError,
  StorageQuotaError,
} from './errors.ts';
import { exclusive } from './exclusive.ts';
import { HashPool, WRITING_LANES } from './hash_pool.ts';
import { MANIFEST_FILE, type Manifest, type PackFile, PIECE_BYTES } from './manifest.ts';
import { checkNames } from './names.ts';
import { filesOf, LARGEST_MANIFEST } from './open_pack.ts';
import { parseManifest } from './parse_manifest.ts';
import { writePieces } from './piece_writer.ts';
import { type OnProgress, ProgressMeter } from './progress.ts';
import { type ByteRange, readAhead } from './read_ahead.ts';
import { parseTarHeader, TAR_BLOCK, type TarEntry, tarPadded } from './tar.ts';
import type { WeightStore } from './weight_store.ts';
import { writeFile } from './write_file.ts';

export interface ArchiveOptions {
  readonly archive: ByteSource;
  readonly store: WeightStore;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a pack from what `exportPack` gave, every piece's SHA-256 compared with the manifest; all or nothing.
 * @returns The pack's id, that which it had.
 * @throws ArchiveError, PackExistsError, PackCorruptedError, ManifestInvalidError, StoreNameError, StorageQuotaError,
 * StoreLockedError, ImportCancelledError; errors of the source as they are.
 */
export async function importArchive(options: ArchiveOptions): Promise<string> {
  const { archive, store, signal } = options;
  const first = await readEntry(archive, 0, signal);
  const { folder: pack, name, size } = first;
  if (name !== MANIFEST_FILE || size > LARGEST_MANIFEST) {
    throw new ArchiveError({ archive: archive.name, reason: 'it does not begin with a manifest' });
  }
  checkNames(pack);
  const bytes = await readData(archive, TAR_BLOCK, size, signal);
  const manifest = parseManifest(pack, bytes);
  await exclusive(pack, async () => {
    if ((await store.files(pack)).has(MANIFEST_FILE)) throw new PackExistsError({ pack });
    // An import that was interrupted gives way.
    await store.remove(pack);
    try {
      await checkSpace(archive, store);
      await writeFiles(pack, manifest, TAR_BLOCK + tarPadded(size), options);
      await writeFile(store, pack, MANIFEST_FILE, bytes);
    } catch (error) {
      await store.remove(pack);
      throw signal?.aborted ? new ImportCancelledError({ pack }) : error;
    }
  });
  return pack;
}

async function checkSpace({ size: needed }: ByteSource, store: WeightStore): Promise<void> {
  const available = await store.available();
  if (available !== null && available < needed) throw new StorageQuotaError({ needed, available });
}

/** @param start Where the first file's header is, in bytes. */
async function writeFiles(
  pack: string,
  manifest: Manifest,
  start: number,
  { archive, store, onProgress, signal }: ArchiveOptions,
): Promise<void> {
  const files = filesOf(manifest);
  const meter = new ProgressMeter('importing', files, onProgress);
  const pool = new HashPool(WRITING_LANES);
  const onBytes = (written: number) => meter.add(written);
  try {
    let at = start;
    for (const file of files) {
      meter.begin(file.name);
      const entry = await readEntry(archive, at, signal);
      if (entry.folder !== pack || entry.name !== file.name || entry.size !== file.bytes) {
        const reason = `"${file.name}" with ${file.bytes} bytes should be at byte ${at}`;
        throw new ArchiveError({ archive: archive.name, reason });
      }
      const reads = readAhead([...rangesOf(archive, at + TAR_BLOCK, file.bytes)], signal);
      const pieces = await writePieces(store, pack, file.name, { pool, onBytes, signal }, (out) =>
        copy(reads, out),
      );
      checkPieces(pack, manifest, file, pieces);
      meter.end();
      at += TAR_BLOCK + tarPadded(file.bytes);
    }
  } finally {
    pool.close();
  }
}

async function copy(
  reads: AsyncIterable<Uint8Array>,
  out: { put(bytes: Uint8Array): Promise<void> },
): Promise<void> {
  for await (const bytes of reads) await out.put(bytes);
}

function* rangesOf(source: ByteSource, start: number, bytes: number): Generator<ByteRange> {
  checkInside(source, start, bytes);
  for (let done = 0; done < bytes; done += PIECE_BYTES) {
    yield { source, offset: start + done, length: Math.min(PIECE_BYTES, bytes - done) };
  }
}

function checkPieces(pack: string, manifest: Manifest, file: PackFile, pieces: string[]): void {
  const damaged = pieces.flatMap((sha256, i) => (sha256 === file.pieces[i] ? [] : [i]));
  if (damaged.length === 0) return;
  const layers = manifest.layers.flatMap(({ name }, i) => (name === file.name ? [i] : []));
  throw new PackCorruptedError({ pack, files: [{ file: file.name, pieces: damaged }], layers });
}

async function readEntry(
  archive: ByteSource,
  at: number,
  signal: AbortSignal | undefined,
): Promise<TarEntry> {
  const entry = parseTarHeader(await readData(archive, at, TAR_BLOCK, signal));
  if (entry) return entry;
  throw new ArchiveError({
    archive: archive.name,
    reason: `there is no file's header at byte ${at}`,
  });
}

function readData(
  archive: ByteSource,
  at: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  checkInside(archive, at, length);
  return archive.read(at, length, signal);
}

/** @throws ArchiveError */
function checkInside({ name, size }: ByteSource, at: number, length: number): void {
  if (at + length <= size) return;
  const reason = `it ends too early, at byte ${size} of at least ${at + length}`;
  throw new ArchiveError({ archive: name, reason });
}
