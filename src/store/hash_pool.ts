import { sha256 } from '../formats/sha256.ts';
import { HashThread } from './hash_thread.ts';
import { PIECE_BYTES } from './manifest.ts';

/** Together faster than disks are: each hashes 1 to 2 GB/s. */
const LANES = 4;
/** Enough where pieces are also written: one is hashed while the next is filled. A thread takes a browser some 25 MB. */
export const WRITING_LANES = 2;
/** Less than this is hashed where it is: a thread takes as long to start as some ten times as much takes to hash. */
const SMALL_BYTES = 2 ** 20;

/**
 * Hashes pieces of files, a few at a time, each in a lane: a buffer of PIECE_BYTES and the thread that hashes it.
 * Who wants to hash waits for a lane, so that memory holds as many pieces as there are lanes, and no more.
 */
export class HashPool {
  private readonly lanes: HashLane[] = [];
  private readonly idle: HashLane[] = [];
  private readonly waiting: ((lane: HashLane) => void)[] = [];
  private readonly most: number;

  constructor(most = LANES) {
    this.most = most;
  }

  /** A lane whose buffer nobody uses. It is idle again when its `hash` has ended, or by `release`. */
  async take(): Promise<HashLane> {
    const idle = this.idle.pop();
    if (idle) return idle;
    if (this.lanes.length === this.most) {
      return new Promise((resolve) => this.waiting.push(resolve));
    }
    const lane = new HashLane(() => {
      const next = this.waiting.shift();
      if (next) next(lane);
      else this.idle.push(lane);
    });
    this.lanes.push(lane);
    return lane;
  }

  /** Ends the threads; hashes that are under way never come. */
  close(): void {
    for (const lane of this.lanes) lane.close();
  }
}

export class HashLane {
  /** PIECE_BYTES, to be filled; another array after every `hash`. */
  bytes = new Uint8Array(PIECE_BYTES);
  /** Idle again, its bytes not hashed. */
  readonly release: () => void;
  private thread: HashThread | null = null;

  constructor(release: () => void) {
    this.release = release;
  }

  /** Lower-case hex SHA-256 of the first `length` bytes; a failure need not be waited for. @throws HashThreadError */
  hash(length: number): Promise<string> {
    const hash = this.hashed(length);
    hash.catch(() => undefined);
    return hash;
  }

  close(): void {
    this.thread?.close();
  }

  private async hashed(length: number): Promise<string> {
    try {
      if (length < SMALL_BYTES) return await sha256(this.bytes.subarray(0, length));
      this.thread ??= new HashThread();
      const result = await this.thread.hash({ buffer: this.bytes.buffer, length });
      this.bytes = new Uint8Array(result.buffer);
      return result.sha256;
    } finally {
      this.release();
    }
  }
}
