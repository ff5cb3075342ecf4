import { SourceNotFoundError } from './errors.ts';
import type { ByteSource } from './source.ts';

/** A file of a folder. */
export interface FolderFile {
  /** Its path in the folder, with slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Where a checkpoint's files lie together: a model hub's repository, a folder on a server or on disk, chosen files. */
export interface Folder {
  /** What to call it in messages. */
  readonly name: string;
  /** All files; null where nobody can list them, as on a plain web server. */
  list(signal?: AbortSignal): Promise<readonly FolderFile[] | null>;
  /** @throws SourceNotFoundError when there is no such file; what opening a source throws. */
  open(path: string, signal?: AbortSignal): Promise<ByteSource>;
}

/** Files that are open already, by the ends of their names. */
export function folderOf(name: string, sources: readonly ByteSource[]): Folder {
  const files = new Map(sources.map((source) => [fileName(source.name), source]));
  return {
    name,
    list: async () => Array.from(files, ([path, { size }]) => ({ path, size })),
    open: async (path) => {
      const source = files.get(path);
      if (!source) throw new SourceNotFoundError({ source: `${name}: ${path}` });
      return source;
    },
  };
}

/** The last part of a path or an address. */
export function fileName(path: string): string {
  return path.replace(/[?#].*$/s, '').replace(/^.*[/\\]/s, '');
}

/** The path of a file in the same folder as another one. */
export function sibling(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}

/** A whole file; null when it has more than `most` bytes. */
export function readAll(
  source: ByteSource,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> | null {
  return source.size > most ? null : source.read(0, source.size, signal);
}
