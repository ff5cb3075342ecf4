import { closeSync, openSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { OutputFileError } from './errors.ts';

/** A float32 array on disk, little-endian, row-major, filled in any order; it has its name once it is whole. */
export class FloatFile {
  private readonly path: string;
  private readonly shape: readonly number[];
  private readonly file: number;
  private open = true;

  private constructor(path: string, shape: readonly number[]) {
    this.path = path;
    this.shape = shape;
    try {
      this.file = openSync(`${path}.part`, 'w');
    } catch (error) {
      throw new OutputFileError({ file: path, reason: (error as Error).message });
    }
  }

  /** @throws OutputFileError */
  static create(path: string, shape: readonly number[]): FloatFile {
    return new FloatFile(path, shape);
  }

  /** Writes consecutive values from the element at `index` on. */
  write(index: readonly number[], values: Float32Array<ArrayBuffer>): void {
    const at = index.reduce((flat, i, axis) => flat * this.shape[axis]! + i, 0);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.file, bytes, done, bytes.length - done, at * 4 + done);
    }
  }

  /** @throws OutputFileError */
  async commit(): Promise<void> {
    this.close();
    try {
      await rename(`${this.path}.part`, this.path);
    } catch (error) {
      throw new OutputFileError({ file: this.path, reason: (error as Error).message });
    }
  }

  async abort(): Promise<void> {
    this.close();
    await rm(`${this.path}.part`, { force: true });
  }

  private close(): void {
    if (this.open) closeSync(this.file);
    this.open = false;
  }
}
