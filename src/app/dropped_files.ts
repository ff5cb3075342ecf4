import { chosenFiles } from '../formats/sources/file_folder.ts';
import type { ChosenFiles } from '../worker/protocol.ts';

type Dropped = ChosenFiles['files'][number];

/** Folders below the one that was dropped: enough for any checkpoint, and a dropped disk is not walked through. */
const DEPTH = 2;

/** What was dropped; of folders all that is in them. Has to be called before the event has ended. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<ChosenFiles> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const plain = chosenFiles([...files]);
  // A script's own drop has files without entries.
  if (entries.length === 0 || entries.every(({ isFile }) => isFile)) return plain;
  const only = entries.length === 1 ? (entries[0] as FileSystemDirectoryEntry) : null;
  try {
    const found = only
      ? await childrenOf(only, '', DEPTH)
      : (await Promise.all(entries.map((entry) => filesOf(entry, '', DEPTH)))).flat();
    return { name: entries[0]!.name, files: found };
  } catch {
    // What may not be read is told by whoever reads it next.
    return plain;
  }
}

async function childrenOf(
  folder: FileSystemDirectoryEntry,
  prefix: string,
  depth: number,
): Promise<Dropped[]> {
  const reader = folder.createReader();
  const found: Dropped[] = [];
  for (;;) {
    // It gives some at a time, and none when there are no more.
    const entries = await new Promise<FileSystemEntry[]>((yes, no) => reader.readEntries(yes, no));
    if (entries.length === 0) return found;
    for (const entry of entries) found.push(...(await filesOf(entry, prefix, depth)));
  }
}

async function filesOf(entry: FileSystemEntry, prefix: string, depth: number): Promise<Dropped[]> {
  const path = prefix + entry.name;
  if (entry.isDirectory) {
    return depth === 0 ? [] : childrenOf(entry as FileSystemDirectoryEntry, `${path}/`, depth - 1);
  }
  const file = await new Promise<File>((yes, no) => (entry as FileSystemFileEntry).file(yes, no));
  return [{ path, file }];
}
