import { ManifestInvalidError, PackIncompleteError, PackNotFoundError } from './errors.ts';
import { MANIFEST_FILE, type Manifest, type PackFile } from './manifest.ts';
import { parseManifest } from './parse_manifest.ts';
import type { WeightStore } from './weight_store.ts';

/** A manifest is mostly its tokenizer's tokens: this is ten times the largest vocabulary known. */
export const LARGEST_MANIFEST = 256 * 2 ** 20;

/**
 * A pack's table of contents, every field checked. The content of its files is not: see `verifyPack`.
 * @throws PackNotFoundError, PackIncompleteError (no manifest yet), ManifestInvalidError
 */
export async function openManifest(store: WeightStore, pack: string): Promise<Manifest> {
  const files = await store.files(pack);
  if (files.size === 0) throw new PackNotFoundError({ pack });
  if (!files.has(MANIFEST_FILE)) throw new PackIncompleteError({ pack });
  return parseManifest(pack, await readSmallFile(store, pack, MANIFEST_FILE));
}

/** All files that a manifest names: the embedding, each layer, the head. */
export function filesOf(manifest: Manifest): PackFile[] {
  return [manifest.embedding, ...manifest.layers, manifest.head];
}

/**
 * A whole file that is not weights.
 * @throws ManifestInvalidError when it is larger than any such file can be.
 */
export async function readSmallFile(
  store: WeightStore,
  pack: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await store.open(pack, name);
  try {
    if (file.size > LARGEST_MANIFEST) {
      throw new ManifestInvalidError({ pack, field: name, reason: `has ${file.size} bytes` });
    }
    const bytes = new Uint8Array(file.size);
    await file.read(bytes, 0);
    return bytes;
  } finally {
    file.close();
  }
}
