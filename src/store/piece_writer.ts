import type { HashLane, HashPool } from './hash_pool.ts';
import { PIECE_BYTES } from './manifest.ts';
import type { FileWriter, WeightStore } from './weight_store.ts';
import { writeFileWith } from './write_file.ts';

export interface PieceWriterOptions {
  readonly pool: HashPool;
  /** Told of every piece that is written. */
  readonly onBytes?: ((written: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a file through `fill`; when that fails nothing is left of it.
 * @returns The SHA-256 of its pieces, for `PackFile.pieces`.
 */
export function writePieces(
  store: WeightStore,
  pack: string,
  file: string,
  options: PieceWriterOptions,
  fill: (out: PieceWriter) => Promise<void>,
): Promise<string[]> {
  return writeFileWith(store, pack, file, async (writer) => {
    const out = new PieceWriter(writer, options);
    try {
      await fill(out);
      return await out.finish();
    } finally {
      await out.settled();
    }
  });
}

/** Writes a file piece by piece and hashes each: while one is being written, the next one is filled. */
export class PieceWriter {
  private readonly writer: FileWriter;
  private readonly options: PieceWriterOptions;
  private readonly hashes: Promise<string>[] = [];
  private writing: Promise<void> = Promise.resolve();
  private lane: HashLane | null = null;
  /** Bytes of the lane's buffer that are filled. */
  private filled = 0;
  private end = 0;

  constructor(writer: FileWriter, options: PieceWriterOptions) {
    this.writer = writer;
    this.options = options;
  }

  /**
   * Adds bytes, which may change afterwards.
   * @throws What `FileWriter.write` and `HashLane.hash` throw; the signal's reason when aborted.
   */
  async put(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      this.lane ??= await this.options.pool.take();
      const part = bytes.subarray(done, done + PIECE_BYTES - this.filled);
      this.lane.bytes.set(part, this.filled);
      this.filled += part.length;
      done += part.length;
      this.end += part.length;
      if (this.filled === PIECE_BYTES) await this.flush();
    }
  }

  /** Adds zeros up to `offset` of the file. */
  padTo(offset: number): Promise<void> {
    return this.put(new Uint8Array(offset - this.end));
  }

  /** Writes the rest. @returns The SHA-256 of all pieces. */
  async finish(): Promise<string[]> {
    if (this.filled > 0) await this.flush();
    await this.writing;
    return Promise.all(this.hashes);
  }

  /** Resolves when nothing is being written any more, however that ended. */
  settled(): Promise<void> {
    return this.writing.catch(() => undefined);
  }

  private async flush(): Promise<void> {
    this.options.signal?.throwIfAborted();
    await this.writing;
    this.writing = this.write(this.lane!, this.filled);
    // A failure is told at the next flush; until then it is not an unhandled one.
    this.writing.catch(() => undefined);
    this.lane = null;
    this.filled = 0;
  }

  private async write(lane: HashLane, length: number): Promise<void> {
    await this.writer.write(lane.bytes.subarray(0, length));
    this.hashes.push(lane.hash(length));
    this.options.onBytes?.(length);
  }
}
