import type { ByteSource } from '../formats/source.ts';

/** Part of a source, in bytes. */
export interface ByteRange {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
}

/** Reads that are under way while one is worked on: browsers answer those of one address one after the other anyway. */
const READS_AHEAD = 1;

/**
 * The bytes of the ranges, one after the other; the next ones are asked for before it is their turn. Bytes are valid
 * until the next ones are taken: their memory is used again, as memory that is new for every read takes a third of an
 * import's time to clear and to collect.
 * @throws What `source.read` throws, when it is that range's turn.
 */
export async function* readAhead(
  ranges: readonly ByteRange[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const stop = new AbortController();
  const either = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal]);
  const reads: Promise<Uint8Array<ArrayBuffer>>[] = [];
  // Each as large as the largest: what is too small would be thrown away, and collected late.
  const most = ranges.reduce((most, { length }) => Math.max(most, length), 0);
  const free: Uint8Array<ArrayBuffer>[] = [];
  const next = async function* () {
    const bytes = await reads.shift()!;
    yield bytes;
    free.push(new Uint8Array(bytes.buffer));
  };
  try {
    for (const { source, offset, length } of ranges) {
      const into = free.pop() ?? new Uint8Array(most);
      const read = source.read(offset, length, either, into);
      // A failure is told when its turn comes; until then it is not an unhandled one.
      read.catch(() => undefined);
      reads.push(read);
      if (reads.length > READS_AHEAD) yield* next();
    }
    while (reads.length > 0) yield* next();
  } finally {
    // Nobody wants what is still under way.
    stop.abort();
  }
}
