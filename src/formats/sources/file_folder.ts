import { SourceNotFoundError, SourceReadError } from '../errors.ts';
import { type Folder, type FolderFile, folderOf, folderWith } from '../folder.ts';
import { openBlobSource } from './blob_source.ts';

/** Files or a folder that a person chose or dropped. A file sent to a worker may forget its path: it goes along. */
export interface ChosenFiles {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly file: File }[];
}

/** What `<input type="file">` gives, several files or a folder. */
export function chosenFiles(files: readonly File[]): ChosenFiles {
  const paths = files.map((file) => file.webkitRelativePath || file.name);
  const root = /^([^/]+)\//.exec(paths[0] ?? '')?.[1];
  const below = (path: string) => (root === undefined ? path : path.slice(root.length + 1));
  return {
    name: root ?? files[0]?.name ?? 'no file',
    files: files.map((file, i) => ({ path: below(paths[i]!), file })),
  };
}

export function openFileFolder({ name, files }: ChosenFiles): Folder {
  return folderOf(
    name,
    files.map(({ path, file }) => openBlobSource(file, path)),
  );
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
