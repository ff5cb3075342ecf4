import type { Checkpoint } from './checkpoint.ts';
import {
  CheckpointAmbiguousError,
  CheckpointNotFoundError,
  SourceNotFoundError,
} from './errors.ts';
import { type Folder, fileName } from './folder.ts';
import { isLaterSplit, readSplitGguf } from './gguf/read_split_gguf.ts';
import { INDEX_SUFFIX, LARGEST_INDEX, readSafetensors } from './safetensors/read_safetensors.ts';

/** What Hugging Face's libraries write, and what they look for first. */
const USUAL_FILES = [`model${INDEX_SUFFIX}`, 'model.safetensors'] as const;

/**
 * The table of contents of the checkpoint in a folder, whatever its format.
 * @param path A file of the folder; without it the folder must hold one checkpoint only.
 * @throws CheckpointNotFoundError, CheckpointAmbiguousError, the errors of `readSplitGguf` and `readSafetensors`.
 */
export async function readCheckpoint(
  folder: Folder,
  path?: string,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const file = path ?? (await findCheckpoint(folder, signal));
  if (isSafetensors(file)) return readSafetensors(folder, file, signal);
  // Whatever it is called: its first bytes tell whether it is one.
  return readSplitGguf(folder, file, signal);
}

/** The file that a folder's only checkpoint begins with. */
export async function findCheckpoint(folder: Folder, signal?: AbortSignal): Promise<string> {
  const listed = await folder.list(signal);
  if (listed === null) return findUnlisted(folder, signal);
  const paths = listed.map(({ path }) => path);
  const usual = USUAL_FILES.find((name) => paths.includes(name));
  if (usual) return usual;
  const found = checkpointsIn(paths);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new CheckpointAmbiguousError({ source: folder.name, files: found });
  throw new CheckpointNotFoundError({ source: folder.name, files: paths });
}

async function findUnlisted(folder: Folder, signal: AbortSignal | undefined): Promise<string> {
  const [index, file] = USUAL_FILES;
  if (await folder.readWhole(index, LARGEST_INDEX, signal)) return index;
  try {
    await folder.open(file, signal);
    return file;
  } catch (error) {
    if (!(error instanceof SourceNotFoundError)) throw error;
    throw new CheckpointNotFoundError({ source: folder.name, files: null });
  }
}

/** The files that checkpoints begin with, of all in a folder. */
export function checkpointsIn(paths: readonly string[]): string[] {
  const indices = paths.filter((path) => path.endsWith(INDEX_SUFFIX));
  const isShard = (path: string) =>
    /-\d{5}-of-\d{5}\.safetensors$/.test(path) && indices.length > 0;
  return paths.filter(
    (path) =>
      path.endsWith(INDEX_SUFFIX) ||
      (/\.safetensors$/i.test(path) && !isShard(path)) ||
      (/\.gguf$/i.test(path) && !isLaterSplit(path)),
  );
}

function isSafetensors(path: string): boolean {
  const name = fileName(path);
  return /\.safetensors$/i.test(name) || name.endsWith(INDEX_SUFFIX);
}
