import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  SourceModifiedError,
  SourceNotFoundError,
  SourceReadError,
  SourceTruncatedError,
} from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { checkRange } from './check_range.ts';

/** A file on disk, in Node. It stays open until `close`, so that another file of the same name changes nothing. */
export interface NodeFileSource extends ByteSource {
  close(): Promise<void>;
}

/** @throws SourceNotFoundError, SourceReadError */
export async function openNodeFileSource(path: string): Promise<NodeFileSource> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    return new OpenFile(basename(path), handle, await statOf(handle));
  } catch (error) {
    await handle?.close();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new SourceNotFoundError({ source: path });
    }
    throw new SourceReadError({ source: path, reason: (error as Error).message }, error);
  }
}

interface FileState {
  readonly size: number;
  readonly version: string;
}

async function statOf(handle: FileHandle): Promise<FileState> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) throw new Error('it is not a file');
  return { size: Number(stat.size), version: `${stat.size} bytes modified ${stat.mtimeNs}` };
}

class OpenFile implements NodeFileSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  private readonly handle: FileHandle;

  constructor(name: string, handle: FileHandle, { size, version }: FileState) {
    this.name = name;
    this.handle = handle;
    this.size = size;
    this.version = version;
  }

  async read(offset: number, length: number, signal?: AbortSignal, into?: Uint8Array<ArrayBuffer>) {
    signal?.throwIfAborted();
    checkRange(this, offset, length);
    const { name: source, version: expected } = this;
    const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
    const { received, version } = await this.fill(bytes, offset).catch((error) => {
      throw new SourceReadError({ source, reason: error.message }, error);
    });
    signal?.throwIfAborted();
    if (version !== expected) throw new SourceModifiedError({ source, expected, actual: version });
    if (received !== length) {
      throw new SourceTruncatedError({ source, offset, expected: length, received });
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** Reads as much as there is; `version` is that of the file afterwards. */
  private async fill(into: Uint8Array, offset: number) {
    let received = 0;
    while (received < into.length) {
      const rest = into.length - received;
      const { bytesRead } = await this.handle.read(into, received, rest, offset + received);
      if (bytesRead === 0) break;
      received += bytesRead;
    }
    return { received, version: (await statOf(this.handle)).version };
  }
}
