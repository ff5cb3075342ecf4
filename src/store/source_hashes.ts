import { SourceHashError } from '../formats/errors.ts';
import { Sha256Stream } from '../formats/sha256_stream.ts';
import type { ByteSource } from '../formats/source.ts';
import { type ByteRange, readAhead } from './read_ahead.ts';

/** Bytes that may wait for those before them. A layer that is larger is too much to wait for. */
const MOST_WAITING = 256 * 2 ** 20;

/** The most that is read at once of what no tensor needs. */
const GAP_BYTES = 8 * 2 ** 20;

/** Told of each source whose SHA-256 is known and could not be compared, and why. */
export type OnUnhashed = (source: string, reason: string) => void;

/**
 * Compares what is read of sources with the SHA-256 that whoever keeps them says. A hash needs all bytes in their
 * order, and an import reads layer by layer: what comes early waits in memory, and what no tensor needs is read in
 * between. Where too much would have to wait, nothing is compared.
 */
export class SourceHashes {
  private readonly files: ReadonlyMap<ByteSource, FileHash>;
  private readonly fromStart: boolean;

  /**
   * @param ranges All that will be read, in any order.
   * @param fromStart False when an earlier import has read other parts already: then nothing can be compared.
   */
  constructor(ranges: Iterable<ByteRange>, fromStart: boolean) {
    this.fromStart = fromStart;
    const files = new Map<ByteSource, FileHash>();
    for (const range of ranges) {
      const { source } = range;
      if (source.sha256 === undefined) continue;
      const file = files.get(source) ?? new FileHash(source);
      file.expect(range);
      files.set(source, file);
    }
    this.files = files;
  }

  /** What `readAhead` gives for the ranges. */
  async *follow(
    ranges: readonly ByteRange[],
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const reads = readAhead(ranges, signal);
    try {
      for (const { source, offset } of ranges) {
        const { value } = await reads.next();
        if (!value) return;
        if (this.fromStart) await this.files.get(source)?.add(offset, value, signal);
        yield value;
      }
    } finally {
      await reads.return();
    }
  }

  /** @throws SourceHashError when a source is not what it should be. */
  async compare(onUnhashed: OnUnhashed | undefined, signal?: AbortSignal): Promise<void> {
    for (const [{ name, sha256 }, file] of this.files) {
      if (!this.fromStart) {
        onUnhashed?.(name, 'a part of it was imported earlier');
        continue;
      }
      const actual = await file.digest(signal);
      if (actual === null) {
        onUnhashed?.(name, `more than ${MOST_WAITING} bytes of it would have to be kept in memory`);
      } else if (actual !== sha256) {
        throw new SourceHashError({ source: name, expected: sha256!, actual });
      }
    }
  }
}

class FileHash {
  private readonly source: ByteSource;
  private readonly hash = new Sha256Stream();
  /** What will be read and is not hashed yet. */
  private expected: ByteRange[] = [];
  /** Bytes that are hashed. */
  private done = 0;
  private waiting = new Map<number, Uint8Array>();
  private waitingBytes = 0;
  private givenUp = false;

  constructor(source: ByteSource) {
    this.source = source;
  }

  expect(range: ByteRange): void {
    this.expected.push(range);
  }

  /** @param bytes May change afterwards. */
  async add(offset: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.givenUp) return;
    await this.fillGap(signal);
    if (offset > this.done) {
      this.keep(offset, bytes);
      return;
    }
    this.take(offset, bytes);
    await this.catchUp(signal);
  }

  /** Lower-case hex; null when it was given up. */
  async digest(signal?: AbortSignal): Promise<string | null> {
    if (this.givenUp) return null;
    await this.catchUp(signal);
    return this.hash.digest();
  }

  private keep(offset: number, bytes: Uint8Array): void {
    this.waiting.set(offset, bytes.slice());
    this.waitingBytes += bytes.length;
    if (this.waitingBytes <= MOST_WAITING) return;
    this.givenUp = true;
    this.waiting.clear();
  }

  /** Hashes what is not hashed yet. */
  private take(offset: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.min(bytes.length, this.done - offset));
    this.hash.update(fresh);
    this.done += fresh.length;
  }

  private async catchUp(signal: AbortSignal | undefined): Promise<void> {
    await this.fillGap(signal);
    for (let next = this.nextWaiting(); next; next = this.nextWaiting()) {
      const [offset, bytes] = next;
      this.waiting.delete(offset);
      this.waitingBytes -= bytes.length;
      this.take(offset, bytes);
      await this.fillGap(signal);
    }
  }

  private nextWaiting(): [number, Uint8Array] | null {
    for (const entry of this.waiting) if (entry[0] <= this.done) return entry;
    return null;
  }

  /** Reads what belongs to no range before the next one: the header, alignment, tensors that nobody needs. */
  private async fillGap(signal: AbortSignal | undefined): Promise<void> {
    this.expected = this.expected.filter(({ offset, length }) => offset + length > this.done);
    const offsets = this.expected.map(({ offset }) => offset);
    const next = Math.min(this.source.size, ...offsets);
    while (this.done < next) {
      const length = Math.min(next - this.done, GAP_BYTES);
      this.take(this.done, await this.source.read(this.done, length, signal));
    }
  }
}
