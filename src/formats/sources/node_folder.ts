import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { SourceReadError } from '../errors.ts';
import { type Folder, type FolderFile, folderWith } from '../folder.ts';
import { type NodeFileSource, openNodeFileSource } from './node_file_source.ts';

/**
 * A folder on disk, in Node. Its files stay open until `close`.
 * @param depth How far below the folder files are looked for.
 */
export function openNodeFolder(path: string, depth = 2): Folder {
  const root = resolve(path);
  const opened: NodeFileSource[] = [];
  return folderWith({
    name: basename(root),
    async list() {
      try {
        return await filesBelow(root, root, depth);
      } catch (error) {
        throw new SourceReadError({ source: path, reason: (error as Error).message }, error);
      }
    },
    async open(file) {
      const source = await openNodeFileSource(join(root, file));
      opened.push(source);
      return source;
    },
    async close() {
      await Promise.all(opened.splice(0).map((source) => source.close()));
    },
  });
}

async function filesBelow(root: string, folder: string, depth: number): Promise<FolderFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry): Promise<FolderFile[]> => {
      const path = join(folder, entry.name);
      // Also where the hub's own cache has links to files.
      const state = await stat(path).catch(() => null);
      if (state?.isDirectory()) return depth > 0 ? filesBelow(root, path, depth - 1) : [];
      if (!state?.isFile()) return [];
      return [{ path: relative(root, path).replaceAll(sep, '/'), size: state.size }];
    }),
  );
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}
