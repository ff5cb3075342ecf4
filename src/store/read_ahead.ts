import type { ByteSource } from '../formats/source.ts';

/** Part of a source, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Reads that are under way while one is worked on: a server's answer takes as long as what it brings. */
const READS_AHEAD = 2;

/**
 * The bytes of the ranges, one after the other; the next ones are asked for before it is their turn.
 * @throws What `source.read` throws, when it is that range's turn.
 */
export async function* readAhead(
  source: ByteSource,
  ranges: Iterable<ByteRange>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const stop = new AbortController();
  const either = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal]);
  const reads: Promise<Uint8Array<ArrayBuffer>>[] = [];
  try {
    for (const { offset, length } of ranges) {
      const read = source.read(offset, length, either);
      // A failure is told when its turn comes; until then it is not an unhandled one.
      read.catch(() => undefined);
      reads.push(read);
      if (reads.length > READS_AHEAD) yield await reads.shift()!;
    }
    while (reads.length > 0) yield await reads.shift()!;
  } finally {
    // Nobody wants what is still under way.
    stop.abort();
  }
}
