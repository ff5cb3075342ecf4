import {
  ManifestInvalidError,
  PackFileMissingError,
  PackIncompleteError,
  PackNotFoundError,
} from './errors.ts';
import { SCRATCH_PACK } from './names.ts';
import { filesOf, openManifest } from './open_pack.ts';
import { type Quantization, quantizationOf } from './quantization.ts';
import type { WeightStore } from './weight_store.ts';

export interface PackSummary {
  readonly id: string;
  /** `general.name`, else the file's name; for an unfinished import, the pack's id. */
  readonly name: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** False: files are missing; importing the same source again goes on from the verified ones. */
  readonly complete: boolean;
  /** What the import quantized; null where each tensor has the checkpoint's type, and while it has not ended. */
  readonly quantization: Pick<Quantization, 'type' | 'mean_error' | 'worst'> | null;
}

/** All packs of a store, also those whose import was interrupted. */
export async function listPacks(store: WeightStore): Promise<PackSummary[]> {
  const ids = (await store.list()).filter((id) => id !== SCRATCH_PACK);
  return Promise.all(ids.map((id) => summary(store, id)));
}

async function summary(store: WeightStore, id: string): Promise<PackSummary> {
  const files = await store.files(id);
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  try {
    const manifest = await openManifest(store, id);
    const { name } = manifest;
    const complete = filesOf(manifest).every((file) => files.get(file.name) === file.bytes);
    const found = quantizationOf(manifest);
    const quantization = found && {
      type: found.type,
      mean_error: found.mean_error,
      worst: found.worst,
    };
    return { id, name, bytes, complete, quantization };
  } catch (error) {
    const unfinished =
      error instanceof PackIncompleteError ||
      error instanceof PackNotFoundError ||
      error instanceof PackFileMissingError ||
      error instanceof ManifestInvalidError;
    if (!unfinished) throw error;
    return { id, name: id, bytes, complete: false, quantization: null };
  }
}
