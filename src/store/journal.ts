import { JsonValue, JsonValueError } from '../formats/json_value.ts';
import type { SourceIdentity } from '../formats/source.ts';
import { ManifestInvalidError } from './errors.ts';
import { type Manifest, PACK_VERSION, type PackFile } from './manifest.ts';
import { readSmallFile } from './open_pack.ts';
import { readPieces, readSource } from './parse_manifest.ts';
import type { WeightStore } from './weight_store.ts';
import { writeFile } from './write_file.ts';

export const JOURNAL_FILE = 'import.json';

/** SHA-256 of the pieces of the files that are whole, by name. Their layout follows from the source and PACK_VERSION. */
export type FinishedFiles = Map<string, PackFile['pieces']>;

/** What an import has done so far, written after every file: an interrupted one goes on from here. */
export interface Journal {
  readonly version: typeof PACK_VERSION;
  readonly source: Manifest['source'];
  readonly files: FinishedFiles;
}

/** The journal of an import; null when there is none, or none that this version can go on from. */
export async function readJournal(store: WeightStore, pack: string): Promise<Journal | null> {
  if (!(await store.files(pack)).has(JOURNAL_FILE)) return null;
  try {
    const json = JsonValue.parse(await readSmallFile(store, pack, JOURNAL_FILE));
    const files = json.get('files');
    return {
      version: json.get('version').oneOf([PACK_VERSION]),
      source: readSource(json.get('source')),
      files: new Map(files.keys().map((name) => [name, readPieces(files.get(name))])),
    };
  } catch (error) {
    if (error instanceof JsonValueError || error instanceof ManifestInvalidError) return null;
    throw error;
  }
}

export async function writeJournal(
  store: WeightStore,
  pack: string,
  source: Manifest['source'],
  files: FinishedFiles,
): Promise<void> {
  const json = JSON.stringify({ version: PACK_VERSION, source, files: Object.fromEntries(files) });
  await writeFile(store, pack, JOURNAL_FILE, new TextEncoder().encode(json));
}

/** What a pack remembers of its source. */
export function sourceRecord({ name, size, version }: SourceIdentity): Manifest['source'] {
  return { name, bytes: size, version };
}

/** Whether both are the same checkpoint; it may have been moved or renamed. */
export function sameSource(a: Manifest['source'], b: Manifest['source']): boolean {
  return a.bytes === b.bytes && a.version === b.version;
}
