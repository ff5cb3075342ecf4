import { seededRandom } from '../engine/random.ts';
import type { WeightTensor } from '../engine/slot.ts';
import type { Plane } from '../formats/block_type.ts';
import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { PLANE_ALIGNMENT } from '../store/manifest.ts';

/** Bytes of random numbers, repeated over a buffer. */
const PATTERN_BYTES = 4 * 2 ** 20;
/** Bind groups for one kernel: so many copies of a matrix are enough. */
const MOST_COPIES = 64;

const align = (bytes: number): number => Math.ceil(bytes / PLANE_ALIGNMENT) * PLANE_ALIGNMENT;

/** Random words of a kind, on the GPU. */
class Pattern {
  private readonly buffer: GPUBuffer;

  private constructor(buffer: GPUBuffer) {
    this.buffer = buffer;
  }

  static async create(ledger: BufferLedger, word: (bits: number) => number): Promise<Pattern> {
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = await ledger.create('activations', 'pattern', PATTERN_BYTES, usage);
    const random = seededRandom(1);
    const words = Uint32Array.from({ length: PATTERN_BYTES / 4 }, () => word(random() * 2 ** 32));
    ledger.device.queue.writeBuffer(buffer, 0, words);
    return new Pattern(buffer);
  }

  fill(commands: Commands, target: GPUBuffer): void {
    for (let at = 0; at < target.size; at += PATTERN_BYTES) {
      commands.copy(this.buffer, 0, target, at, Math.min(PATTERN_BYTES, target.size - at));
    }
    commands.submit();
  }
}

/** Two halves of magnitude 0.5 to 1, of either sign. */
const halves = (bits: number): number => (bits & 0x83ff83ff) | 0x38003800;
/** A float of magnitude 0.5 to 1, of either sign. */
const float = (bits: number): number => (bits & 0x807fffff) | 0x3f000000;

/**
 * Memory full of random codes and scales, of which matrices of any type and shape are made without another upload.
 * A matrix has several copies, each elsewhere, so that a kernel that takes them in turn finds none in a cache.
 */
export class WeightArena {
  /** Bytes of each of the two buffers. */
  readonly bytes: number;
  private readonly codes: GPUBuffer;
  private readonly halves: GPUBuffer;
  private readonly floats: Pattern;
  private readonly commands: Commands;

  private constructor(commands: Commands, codes: GPUBuffer, halves: GPUBuffer, floats: Pattern) {
    this.bytes = codes.size;
    this.commands = commands;
    this.codes = codes;
    this.halves = halves;
    this.floats = floats;
  }

  static async create(
    ledger: BufferLedger,
    commands: Commands,
    bytes: number,
  ): Promise<WeightArena> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const filled = async (label: string, word: (bits: number) => number) => {
      const buffer = await ledger.create('weights', label, bytes, usage);
      (await Pattern.create(ledger, word)).fill(commands, buffer);
      return buffer;
    };
    const codes = await filled('codes', (bits) => bits);
    const scales = await filled('halves', halves);
    return new WeightArena(commands, codes, scales, await Pattern.create(ledger, float));
  }

  /** Random floats all over an activation or a cache. */
  fill(buffer: GPUBuffer): void {
    this.floats.fill(this.commands, buffer);
  }

  /** A norm's weights, of which the values do not matter. */
  vector(length: number): WeightTensor {
    const planes = [{ buffer: this.codes, offset: 0, size: align(length * 4) }];
    const tile = { type: 'F32', first_row: 0, rows: 1, planes } as const;
    return { name: 'vector', rows: 1, cols: length, tiles: [tile] };
  }

  /** Rows of a matrix that fit, at most `rows`. */
  rowsThatFit(type: BlockTypeName, rows: number, cols: number): number {
    const fitting = Math.floor((rows * this.bytes) / Math.max(...this.takes(type, rows, cols)));
    return rows <= fitting ? rows : fitting - (fitting % 64);
  }

  /** Copies of a matrix that fit. */
  copies(type: BlockTypeName, rows: number, cols: number): number {
    const most = Math.floor(this.bytes / Math.max(...this.takes(type, rows, cols)));
    return Math.min(MOST_COPIES, most);
  }

  matrix(type: BlockTypeName, rows: number, cols: number, copy: number): WeightTensor {
    const [codes, scales] = this.takes(type, rows, cols);
    const at = new Map([
      [this.codes, copy * codes],
      [this.halves, copy * scales],
    ]);
    const planes = BLOCK_TYPES[type].planes.map((plane) => {
      const buffer = this.holder(type, plane);
      const offset = at.get(buffer)!;
      const size = bytesOf(type, plane, rows * cols);
      at.set(buffer, offset + size);
      return { buffer, offset, size };
    });
    return { name: 'matrix', rows, cols, tiles: [{ type, first_row: 0, rows, planes }] };
  }

  /** Bytes that a matrix takes of each buffer. */
  private takes(type: BlockTypeName, rows: number, cols: number): [codes: number, halves: number] {
    const of = (buffer: GPUBuffer): number =>
      BLOCK_TYPES[type].planes
        .filter((plane) => this.holder(type, plane) === buffer)
        .reduce((sum, plane) => sum + bytesOf(type, plane, rows * cols), 0);
    return [of(this.codes), of(this.halves)];
  }

  private holder(type: BlockTypeName, { name }: Plane): GPUBuffer {
    return name === 'codes' && type !== 'F16' ? this.codes : this.halves;
  }
}

function bytesOf(type: BlockTypeName, { bytes_per_block }: Plane, values: number): number {
  return align((values / BLOCK_TYPES[type].block_size) * bytes_per_block);
}
