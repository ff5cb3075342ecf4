import type { EncodedTypeName } from '../formats/block_types.ts';
import { JsonValue, JsonValueError } from '../formats/json_value.ts';
import type { SourceIdentity } from '../formats/source.ts';
import { ManifestInvalidError } from './errors.ts';
import { PACK_VERSION, type PackFile, type PackSource } from './manifest.ts';
import { readSmallFile } from './open_pack.ts';
import { readErrors, readPieces, readSource } from './parse_manifest.ts';
import type { WeightStore } from './weight_store.ts';
import { writeFile } from './write_file.ts';

export const JOURNAL_FILE = 'import.json';

/** What is known of a file only when it is whole. */
export type FinishedFile = Pick<PackFile, 'pieces' | 'errors'>;

/** The files that are whole, by name. Their layout follows from the source and PACK_VERSION. */
export type FinishedFiles = Map<string, FinishedFile>;

/** What an import has done so far, written after every file: an interrupted one goes on from here. */
export interface Journal {
  readonly version: typeof PACK_VERSION;
  readonly source: PackSource;
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
      files: new Map(files.keys().map((name) => [name, readFinished(files.get(name))])),
    };
  } catch (error) {
    if (error instanceof JsonValueError || error instanceof ManifestInvalidError) return null;
    throw error;
  }
}

function readFinished(file: JsonValue): FinishedFile {
  return { pieces: readPieces(file.get('pieces')), ...readErrors(file) };
}

export async function writeJournal(
  store: WeightStore,
  pack: string,
  source: PackSource,
  files: FinishedFiles,
): Promise<void> {
  const json = JSON.stringify({ version: PACK_VERSION, source, files: Object.fromEntries(files) });
  await writeFile(store, pack, JOURNAL_FILE, new TextEncoder().encode(json));
}

/** What a pack remembers of its source, and of what was made of it. */
export function sourceRecord(
  { name, size, version }: SourceIdentity,
  quantize?: EncodedTypeName,
): PackSource {
  return { name, bytes: size, version, ...(quantize && { quantize }) };
}

/** Whether both are the same checkpoint, quantized to the same type; it may have been moved or renamed. */
export function sameSource(a: PackSource, b: PackSource): boolean {
  return a.bytes === b.bytes && a.version === b.version && a.quantize === b.quantize;
}
