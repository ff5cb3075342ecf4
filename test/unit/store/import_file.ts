import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import type { ByteSource } from '../../../src/formats/source.ts';
import { type ImportOptions, importPack } from '../../../src/store/importer.ts';

/** Imports the GGUF file that `source` is. */
export async function importFile({
  source,
  ...options
}: Omit<ImportOptions, 'checkpoint'> & { readonly source: ByteSource }): Promise<string> {
  return importPack({ checkpoint: await readGguf(source), ...options });
}
