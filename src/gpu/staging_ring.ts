import type { BufferLedger } from './ledger.ts';

/** A mapped staging buffer: fill `bytes`, then copy from `buffer`. */
export interface StagingPiece {
  readonly buffer: GPUBuffer;
  readonly bytes: Uint8Array;
}

/**
 * A few buffers that stay mapped, so that the disk is read straight into memory that the GPU can copy from.
 * Five to ten times faster than `queue.writeBuffer`, which copies once more (docs/performance.md).
 *
 * acquire → fill `bytes` → seal (unmaps) → record a copy from `buffer`, submit → recycle (maps again).
 */
export class StagingRing {
  readonly pieceBytes: number;
  private readonly free: Promise<GPUBuffer>[];

  private constructor(pieceBytes: number, buffers: readonly GPUBuffer[]) {
    this.pieceBytes = pieceBytes;
    this.free = buffers.map((buffer) => Promise.resolve(buffer));
  }

  /** @param pieceBytes a multiple of 256 */
  static async create(
    ledger: BufferLedger,
    pieces: number,
    pieceBytes: number,
  ): Promise<StagingRing> {
    const buffers: GPUBuffer[] = [];
    for (let i = 0; i < pieces; i++) {
      const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
      const buffer = await ledger.create('staging', `ring ${i}`, pieceBytes, usage);
      await buffer.mapAsync(GPUMapMode.WRITE);
      buffers.push(buffer);
    }
    return new StagingRing(pieceBytes, buffers);
  }

  /** The next piece, once the GPU has finished copying from it. */
  async acquire(): Promise<StagingPiece> {
    const next = this.free.shift();
    if (!next) throw new RangeError('all pieces of the staging ring are in use: recycle one first');
    const buffer = await next;
    return { buffer, bytes: new Uint8Array(buffer.getMappedRange()) };
  }

  seal(piece: StagingPiece): void {
    piece.buffer.unmap();
  }

  /** Takes back a sealed piece whose copy has been submitted. */
  recycle(piece: StagingPiece): void {
    const mapped = piece.buffer.mapAsync(GPUMapMode.WRITE).then(() => piece.buffer);
    // Whoever acquires the piece sees the failure (a lost device); nobody may ever do so.
    mapped.catch(() => undefined);
    this.free.push(mapped);
  }
}
