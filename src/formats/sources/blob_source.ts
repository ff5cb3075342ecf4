import { SourceReadError, SourceTruncatedError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { checkRange } from './check_range.ts';

/** A File that a person chose, or any Blob. A browser refuses to read a file that has changed since. */
export function openBlobSource(blob: Blob, name: string): ByteSource {
  return new BlobSource(blob, name);
}

class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  private readonly blob: Blob;

  constructor(blob: Blob, name: string) {
    this.blob = blob;
    this.name = name;
    this.size = blob.size;
    const modified = blob instanceof File ? ` modified ${blob.lastModified}` : '';
    this.version = `${blob.size} bytes${modified}`;
  }

  async read(offset: number, length: number, signal?: AbortSignal) {
    signal?.throwIfAborted();
    checkRange(this, offset, length);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(await this.blob.slice(offset, offset + length).arrayBuffer());
    } catch (error) {
      throw new SourceReadError({ source: this.name, reason: String(error) }, error);
    }
    signal?.throwIfAborted();
    if (bytes.length !== length) {
      const { name: source } = this;
      throw new SourceTruncatedError({ source, offset, expected: length, received: bytes.length });
    }
    return bytes;
  }
}
