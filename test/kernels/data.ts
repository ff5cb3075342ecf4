import { readFileSync } from 'node:fs';
import { seededRandom } from '../../src/engine/random.ts';
import { BLOCK_TYPES, type BlockTypeName } from '../../src/formats/block_types.ts';
import { floatToHalf } from '../../src/formats/blocks/half.ts';

export const TYPES = Object.keys(BLOCK_TYPES) as BlockTypeName[];
/** Types of which any bytes are sound codes, beside scales and minimums that are float16. */
export const PLAIN_TYPES = [
  'F32',
  'F16',
  'Q4_0',
  'Q4_1',
  'Q8_0',
] as const satisfies BlockTypeName[];
/** The others. */
export const PACKED_TYPES = TYPES.filter((type) => !PLAIN_TYPES.some((plain) => plain === type));

/** Numbers evenly spread over [-scale, scale), the same for the same seed. */
export function randomFloats(length: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => (2 * random() - 1) * scale);
}

/** Whole numbers from 0 to `below` - 1. */
export function randomIntegers(length: number, seed: number, below: number): Uint32Array {
  const random = seededRandom(seed);
  return Uint32Array.from({ length }, () => Math.floor(random() * below));
}

/** 0 to `length` - 1 in disorder (Fisher & Yates). */
export function shuffled(length: number, seed: number): Uint32Array {
  const random = seededRandom(seed);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** A stored matrix: its planes, and its values as f32. */
export interface StoredMatrix {
  readonly type: BlockTypeName;
  readonly rows: number;
  readonly cols: number;
  readonly planes: readonly Uint8Array[];
  readonly values: Float32Array;
}

/** Random codes; scales and minimums, where the type has them, of both signs. */
export function randomMatrix(
  type: BlockTypeName,
  rows: number,
  cols: number,
  seed: number,
): StoredMatrix {
  const blocks = (rows * cols) / BLOCK_TYPES[type].block_size;
  const planes = BLOCK_TYPES[type].planes.map(({ name, bytes_per_block }, i) => {
    const bytes = blocks * bytes_per_block;
    if (type === 'F32') return bytesOf(randomFloats(bytes / 4, seed));
    if (type === 'F16' || name !== 'codes') return halves(randomFloats(bytes / 2, seed + i));
    return Uint8Array.from(randomIntegers(bytes, seed, 256));
  });
  return storedMatrix(type, rows, cols, planes);
}

export function storedMatrix(
  type: BlockTypeName,
  rows: number,
  cols: number,
  planes: readonly Uint8Array[],
): StoredMatrix {
  const { block_size, decode } = BLOCK_TYPES[type];
  return { type, rows, cols, planes, values: decode(planes, (rows * cols) / block_size) };
}

export function halves(values: Float32Array): Uint8Array {
  return bytesOf(Uint16Array.from(values, floatToHalf));
}

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Scales at the edges of f16: zeros, the smallest subnormals, the largest subnormal, the largest numbers. */
const EDGES = [0, -0, 2 ** -24, -(2 ** -24), 2 ** -14 - 2 ** -24, -1, 65504, -65504];

/** Random codes; every row has one of the edges as its scale (or as all of its values, where the type has no scale). */
export function edgeMatrix(
  type: BlockTypeName,
  rows: number,
  cols: number,
  seed: number,
): StoredMatrix {
  const { planes } = randomMatrix(type, rows, cols, seed);
  const edge = (row: number): number => EDGES[row % EDGES.length]!;
  const name = BLOCK_TYPES[type].planes.some((plane) => plane.name === 'scales')
    ? 'scales'
    : 'codes';
  const edged = BLOCK_TYPES[type].planes.map((plane, i) => {
    if (plane.name !== name) return planes[i]!;
    const width = type === 'F32' ? 4 : 2;
    const length = planes[i]!.length / width;
    const values = Float32Array.from({ length }, (_, j) => edge(Math.floor((j * rows) / length)));
    return type === 'F32' ? bytesOf(values) : halves(values);
  });
  return storedMatrix(type, rows, cols, edged);
}

const GOLDEN = new URL('../golden/gguf-quants/', import.meta.url);
const INDEX: readonly { name: string; blocks: number; random_blocks: number }[] = JSON.parse(
  readFileSync(new URL('index.json', GOLDEN), 'utf8'),
).types;

/** The golden blocks of a type, split, with the values that the gguf package decodes them to. */
export function goldenBlocks(type: BlockTypeName) {
  const { blocks: count, random_blocks } = INDEX.find(({ name }) => name === type)!;
  const blocks = new Uint8Array(readFileSync(new URL(`${type}.bin`, GOLDEN)));
  const values = new Float32Array(
    Uint8Array.from(readFileSync(new URL(`${type}.f32`, GOLDEN))).buffer,
  );
  return { count, random_blocks, blocks, values };
}

/** A matrix of golden blocks of ordinary scales, in a random order. */
export function goldenMatrix(
  type: BlockTypeName,
  rows: number,
  cols: number,
  seed: number,
): StoredMatrix {
  const { block_size, block_bytes, planes: fields, split } = BLOCK_TYPES[type];
  const { random_blocks, blocks } = goldenBlocks(type);
  const count = (rows * cols) / block_size;
  const picked = new Uint8Array(count * block_bytes);
  for (const [i, block] of randomIntegers(count, seed, random_blocks).entries()) {
    picked.set(blocks.subarray(block * block_bytes, (block + 1) * block_bytes), i * block_bytes);
  }
  const planes = fields.map((field) => new Uint8Array(count * field.bytes_per_block));
  split(picked, count, planes);
  return storedMatrix(type, rows, cols, planes);
}
