import { MANIFEST_FILE, PIECE_BYTES } from './manifest.ts';
import { filesOf, openManifest } from './open_pack.ts';
import { TAR_BLOCK, type TarEntry, tarHeader, tarPadded } from './tar.ts';
import type { WeightStore } from './weight_store.ts';

export interface PackExport {
  /** Bytes of the whole archive. */
  readonly size: number;
  /** The archive in parts of at most PIECE_BYTES; a part is valid until the next one is taken. */
  readonly parts: AsyncGenerator<Uint8Array<ArrayBuffer>, void>;
}

/** An archive ends with two empty blocks. */
const END_BYTES = 2 * TAR_BLOCK;

/**
 * A pack as one file, a tar archive: the manifest first, so that whoever reads it knows what must follow. The content
 * is as it is in the store: see `verifyPack`.
 * @throws PackNotFoundError, PackIncompleteError, ManifestInvalidError; while it is read PackFileMissingError,
 * PackFileTruncatedError.
 */
export async function exportPack(store: WeightStore, pack: string): Promise<PackExport> {
  const manifest = await openManifest(store, pack);
  const sizes = await store.files(pack);
  const files: TarEntry[] = [
    { folder: pack, name: MANIFEST_FILE, size: sizes.get(MANIFEST_FILE)! },
    ...filesOf(manifest).map(({ name, bytes }) => ({ folder: pack, name, size: bytes })),
  ];
  return {
    size: files.reduce((sum, { size }) => sum + TAR_BLOCK + tarPadded(size), END_BYTES),
    parts: archive(store, files),
  };
}

async function* archive(store: WeightStore, files: readonly TarEntry[]) {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (const entry of files) {
    const { folder, name, size } = entry;
    yield tarHeader(entry);
    const file = await store.open(folder, name);
    try {
      for (let at = 0; at < size; at += PIECE_BYTES) {
        const part = buffer.subarray(0, Math.min(PIECE_BYTES, size - at));
        await file.read(part, at);
        yield part;
      }
    } finally {
      file.close();
    }
    yield new Uint8Array(tarPadded(size) - size);
  }
  yield new Uint8Array(END_BYTES);
}
