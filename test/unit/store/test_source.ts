import type { ByteSource } from '../../../src/formats/source.ts';

/** A checkpoint in memory that remembers what was read, and can be told to fail. */
export class TestSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  /** Every read so far: `[offset, length]`. */
  reads: [number, number][] = [];
  /** Called before every read, and awaited. */
  beforeRead: (offset: number) => void | Promise<void> = () => undefined;
  private readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>, name = 'model.gguf', version = '1') {
    this.bytes = bytes;
    this.name = name;
    this.size = bytes.length;
    this.version = version;
  }

  async read(offset: number, length: number, signal?: AbortSignal) {
    await this.beforeRead(offset);
    signal?.throwIfAborted();
    this.reads.push([offset, length]);
    return this.bytes.slice(offset, offset + length);
  }
}
