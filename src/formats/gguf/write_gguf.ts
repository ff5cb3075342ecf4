import { BLOCK_TYPES, type BlockTypeName } from '../block_types.ts';
import type { PlacedTensor } from '../checkpoint.ts';

/** A metadata value with the type that it has in the file. */
export type GgufValue = ScalarValue | ArrayValue;

type ScalarValue =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string };

type ArrayValue =
  | { readonly type: 'array'; readonly of: 'int32'; readonly value: readonly number[] }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] };

export interface GgufHeader {
  /** All that comes before the tensor data, padded up to it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each tensor belongs, in the order in which they were given; between them are zeros. */
  readonly tensors: readonly PlacedTensor[];
  /** Bytes of the whole file. */
  readonly size: number;
}

const MAGIC = 'GGUF';
const VERSION = 3;
/** What readers assume without `general.alignment`. */
const ALIGNMENT = 32;

/** Numbers of `enum gguf_type`. */
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/**
 * The header of a GGUF file; each tensor's blocks follow at its place, the last one's padded as well.
 * @param tensors Shapes rows first.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function writeGgufHeader(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly Pick<PlacedTensor, 'name' | 'type' | 'shape'>[],
): GgufHeader {
  const entries = Object.entries(metadata);
  const out = new HeaderWriter();
  out.raw(ENCODER.encode(MAGIC));
  out.u32(VERSION);
  out.u64(tensors.length);
  out.u64(entries.length);
  for (const [key, value] of entries) {
    out.string(key);
    out.u32(VALUE_TYPES[value.type]);
    out.value(value);
  }
  let end = 0;
  const placed = tensors.map(({ name, type, shape }) => {
    const bytes = tensorBytes(type, shape);
    const offset = end;
    end = aligned(offset + bytes);
    out.string(name);
    out.u32(shape.length);
    for (const length of shape.toReversed()) out.u64(length);
    out.u32(BLOCK_TYPES[type].ggml_type);
    out.u64(offset);
    return { name, type, shape, offset, bytes };
  });
  const bytes = out.padded();
  return {
    bytes,
    tensors: placed.map((tensor) => ({ ...tensor, offset: bytes.length + tensor.offset })),
    size: bytes.length + end,
  };
}

function tensorBytes(type: BlockTypeName, shape: readonly number[]): number {
  const { block_size, block_bytes } = BLOCK_TYPES[type];
  return (shape.reduce((product, length) => product * length) / block_size) * block_bytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

const ENCODER = new TextEncoder();

/** Little-endian values, one after another. */
class HeaderWriter {
  private bytes = new Uint8Array(2 ** 16);
  private end = 0;

  u32(value: number): void {
    this.room(4).setUint32(0, value, true);
  }

  u64(value: number): void {
    this.room(8).setBigUint64(0, BigInt(value), true);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.end - bytes.length);
  }

  string(text: string): void {
    const utf8 = ENCODER.encode(text);
    this.u64(utf8.length);
    this.raw(utf8);
  }

  value(given: GgufValue): void {
    if (given.type === 'string') this.string(given.value);
    else if (given.type === 'array') this.array(given);
    else if (given.type === 'uint32') this.u32(given.value);
    else if (given.type === 'int32') this.room(4).setInt32(0, given.value, true);
    else if (given.type === 'float32') this.room(4).setFloat32(0, given.value, true);
    else this.room(1).setUint8(0, given.value ? 1 : 0);
  }

  /** What was written, up to a multiple of ALIGNMENT. */
  padded(): Uint8Array<ArrayBuffer> {
    this.room(aligned(this.end) - this.end);
    return this.bytes.slice(0, this.end);
  }

  private array({ of, value }: ArrayValue): void {
    this.u32(VALUE_TYPES[of]);
    this.u64(value.length);
    if (of === 'string') for (const text of value) this.string(text);
    else for (const number of value) this.value({ type: of, value: number });
  }

  /** The next `bytes` bytes, zeros. */
  private room(bytes: number): DataView {
    const at = this.end;
    this.end += bytes;
    if (this.end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.end, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return new DataView(this.bytes.buffer, at, bytes);
  }
}
