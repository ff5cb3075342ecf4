import { SourceNotFoundError, SourceReadError } from '../errors.ts';
import { type Folder, type FolderFile, folderOf, folderWith } from '../folder.ts';
import { openBlobSource } from './blob_source.ts';

/** Files or a folder that a person chose or dropped, from `<input type="file">`. */
export function openFileFolder(files: readonly File[]): Folder {
  const paths = files.map((file) => file.webkitRelativePath || file.name);
  const root = /^([^/]+)\//.exec(paths[0] ?? '')?.[1];
  const below = (path: string) => (root === undefined ? path : path.slice(root.length + 1));
  const sources = files.map((file, i) => openBlobSource(file, below(paths[i]!)));
  return folderOf(root ?? files[0]?.name ?? 'no file', sources);
}

/** A folder that a page was given leave to read. */
export function openDirectoryFolder(root: FileSystemDirectoryHandle, depth = 2): Folder {
  return folderWith({
    name: root.name,
    async list() {
      try {
        return await filesBelow(root, '', depth);
      } catch (error) {
        throw new SourceReadError({ source: root.name, reason: String(error) }, error);
      }
    },
    async open(path) {
      const source = `${root.name}/${path}`;
      try {
        const names = path.split('/');
        const file = names.pop()!;
        let folder = root;
        for (const name of names) folder = await folder.getDirectoryHandle(name);
        return openBlobSource(await (await folder.getFileHandle(file)).getFile(), path);
      } catch (error) {
        const { name } = error as Error;
        if (name === 'NotFoundError' || name === 'TypeMismatchError') {
          throw new SourceNotFoundError({ source });
        }
        throw new SourceReadError({ source, reason: String(error) }, error);
      }
    },
  });
}

async function filesBelow(
  folder: FileSystemDirectoryHandle,
  prefix: string,
  depth: number,
): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for await (const [name, handle] of folder.entries()) {
    const path = prefix + name;
    if (handle.kind === 'file') files.push({ path, size: (await handle.getFile()).size });
    else if (depth > 0) files.push(...(await filesBelow(handle, `${path}/`, depth - 1)));
  }
  return files;
}
