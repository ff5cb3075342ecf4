import type { BlockTypeName } from '../formats/block_types.ts';
import type { Commands } from '../gpu/commands.ts';
import type { BufferView } from '../gpu/kernel.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { StagingRing } from '../gpu/staging_ring.ts';
import { PLANE_ALIGNMENT } from '../store/manifest.ts';
import type { StoredFile } from '../store/weight_store.ts';
import type { Placement } from './placement.ts';

/** Stored tensors on the GPU, one or a stack: `y = W x` runs once for each tile of rows. */
export interface WeightTensor {
  readonly name: string;
  /** out_features */
  readonly rows: number;
  /** in_features */
  readonly cols: number;
  readonly tiles: readonly WeightTile[];
}

export interface WeightTile {
  readonly type: BlockTypeName;
  readonly first_row: number;
  readonly rows: number;
  /** One view for each plane of the type: codes, scales, mins. */
  readonly planes: readonly (BufferView & { readonly size: number })[];
}

/** GPU memory for the weights of one layer at a time: allocated once, filled again and again. */
export class Slot {
  readonly chunks: readonly GPUBuffer[];
  private readonly ring: StagingRing;

  private constructor(ring: StagingRing, chunks: readonly GPUBuffer[]) {
    this.ring = ring;
    this.chunks = chunks;
  }

  /** @param chunkBytes size of each chunk buffer */
  static async create(
    ledger: BufferLedger,
    ring: StagingRing,
    label: string,
    chunkBytes: readonly number[],
  ): Promise<Slot> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const chunks: GPUBuffer[] = [];
    const slot = new Slot(ring, chunks);
    try {
      for (const [i, bytes] of chunkBytes.entries()) {
        chunks.push(await ledger.create('weights', `${label} chunk ${i}`, bytes, usage));
      }
    } catch (error) {
      slot.destroy(ledger);
      throw error;
    }
    return slot;
  }

  /** Frees the memory. */
  destroy(ledger: BufferLedger): void {
    for (const chunk of this.chunks) ledger.destroy(chunk);
  }

  /**
   * Reads a placement's segments from disk into the ring, piece by piece, and records their copies. Kernels
   * recorded before still see the old contents, kernels recorded after see the new.
   * @returns bytes read
   */
  async fill(commands: Commands, file: StoredFile, placement: Placement): Promise<number> {
    let read = 0;
    for (const [i, chunk] of placement.chunks.entries()) {
      for (let begin = 0; begin < chunk.bytes; begin += this.ring.pieceBytes) {
        const end = Math.min(begin + this.ring.pieceBytes, chunk.bytes);
        const piece = await this.ring.acquire();
        for (const { at, bytes, offset } of chunk.segments) {
          const from = Math.max(offset, begin);
          const to = Math.min(offset + bytes, end);
          if (from >= to) continue;
          const pending = file.read(
            piece.bytes.subarray(from - begin, to - begin),
            at + from - offset,
          );
          if (pending) await pending;
          read += to - from;
        }
        this.ring.seal(piece);
        commands.copy(piece.buffer, 0, this.chunks[i]!, begin, end - begin);
        commands.onSubmit(() => this.ring.recycle(piece));
        // A following piece must not wait for one that has not been submitted.
        if (end < chunk.bytes || i + 1 < placement.chunks.length) commands.submit();
      }
    }
    return read;
  }

  /** The tensors of a placement that this slot has been filled with. */
  tensors(placement: Placement): Map<string, WeightTensor> {
    return new Map(
      placement.tensors.map((tensor) => [
        tensor.name,
        {
          ...tensor,
          tiles: tensor.tiles.map(({ type, first_row, rows, planes }) => ({
            type,
            first_row,
            rows,
            planes: planes.map(({ chunk, offset, bytes }) => ({
              buffer: this.chunks[chunk]!,
              offset,
              // Planes of 16-bit values may end inside a word; the padding belongs to nobody else.
              size: Math.min(alignUp(bytes), this.chunks[chunk]!.size - offset),
            })),
          })),
        },
      ]),
    );
  }
}

const alignUp = (bytes: number): number => Math.ceil(bytes / PLANE_ALIGNMENT) * PLANE_ALIGNMENT;
