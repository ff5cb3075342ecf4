import type { FileWriter, WeightStore } from './weight_store.ts';

/** Writes a file through `fill`; when that fails nothing is left of it. */
export async function writeFileWith<T>(
  store: WeightStore,
  pack: string,
  file: string,
  fill: (writer: FileWriter) => Promise<T>,
): Promise<T> {
  const writer = await store.create(pack, file);
  try {
    const result = await fill(writer);
    await writer.commit();
    return result;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

export function writeFile(
  store: WeightStore,
  pack: string,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  return writeFileWith(store, pack, file, (writer) => writer.write(bytes));
}
