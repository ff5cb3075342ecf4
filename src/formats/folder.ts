import { DocumentError, SourceNotFoundError } from './errors.ts';
import type { ByteSource, SourceIdentity } from './source.ts';

/** A file of a folder. */
export interface FolderFile {
  /** Its path in the folder, with slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A small file, read at once. */
export interface WholeFile extends SourceIdentity {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Where a checkpoint's files lie together: a model hub's repository, a folder on a server or on disk, chosen files. */
export interface Folder {
  /** What to call it in messages. */
  readonly name: string;
  /** All files; null where nobody can list them, as on a plain web server. */
  list(signal?: AbortSignal): Promise<readonly FolderFile[] | null>;
  /** @throws SourceNotFoundError when there is no such file; what opening a source throws. */
  open(path: string, signal?: AbortSignal): Promise<ByteSource>;
  /**
   * A file that is no weights, without asking for ranges of it; null when there is no such file.
   * @throws DocumentError when it has more than `most` bytes; what opening and reading a source throw.
   */
  readWhole(path: string, most: number, signal?: AbortSignal): Promise<WholeFile | null>;
  /** Closes the files that were opened, where files have to be closed. */
  close?(): Promise<void>;
}

/** A folder whose files are opened by `open`, and cost nothing to open. */
export function folderWith(folder: Omit<Folder, 'readWhole'>): Folder {
  return {
    ...folder,
    async readWhole(path, most, signal) {
      try {
        const source = await folder.open(path, signal);
        const { name, size, version } = source;
        checkDocumentSize(name, size, most);
        return { name, size, version, bytes: await source.read(0, size, signal) };
      } catch (error) {
        if (error instanceof SourceNotFoundError) return null;
        throw error;
      }
    },
  };
}

/** Sources that are open already, by their names. */
export function folderOf(name: string, sources: readonly ByteSource[]): Folder {
  const files = new Map(sources.map((source) => [source.name, source]));
  return folderWith({
    name,
    list: async () => Array.from(files, ([path, { size }]) => ({ path, size })),
    open: async (path) => {
      const source = files.get(path);
      if (!source) throw new SourceNotFoundError({ source: `${name}/${path}` });
      return source;
    },
  });
}

/** @throws DocumentError */
export function checkDocumentSize(source: string, size: number, most: number): void {
  if (size <= most) return;
  throw new DocumentError({
    source,
    reason: `has ${size} bytes, and at most ${most} are read`,
  });
}

/** The last part of a path or an address. */
export function fileName(path: string): string {
  return path.replace(/[?#].*$/s, '').replace(/^.*[/\\]/s, '');
}

/** The path of a file in the same folder as another one. */
export function sibling(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}
