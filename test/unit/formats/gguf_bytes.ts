/** Numbers of `enum gguf_type`. */
export const TYPE = {
  uint8: 0,
  uint16: 2,
  uint32: 4,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
} as const;

const ENCODER = new TextEncoder();

export function u32(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 255);
}

export function u64(value: number | bigint): number[] {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(value), true);
  return [...new Uint8Array(bytes.buffer)];
}

/** A length, then the text, or bytes that need not be text. */
export function str(text: string | readonly number[]): number[] {
  const bytes = typeof text === 'string' ? [...ENCODER.encode(text)] : text;
  return [...u64(bytes.length), ...bytes];
}

/** A key, the type of its value, and the value's bytes. */
export function entry(key: string, type: number, value: readonly number[]): number[] {
  return [...str(key), ...u32(type), ...value];
}

export function tensor(
  name: string,
  dims: readonly (number | bigint)[],
  type: number,
  offset: number | bigint,
): number[] {
  return [...str(name), ...u32(dims.length), ...dims.flatMap(u64), ...u32(type), ...u64(offset)];
}

/** A GGUF file: what its header says is up to the test. Tensor data starts at the next multiple of 32. */
export function gguf({
  version = 3,
  entries = [],
  tensors = [],
  data = 0,
}: {
  version?: number;
  entries?: readonly number[][];
  tensors?: readonly number[][];
  /** Bytes of tensor data. */
  data?: number;
}): Uint8Array<ArrayBuffer> {
  const header = [
    ...ENCODER.encode('GGUF'),
    ...u32(version),
    ...u64(tensors.length),
    ...u64(entries.length),
    ...entries.flat(),
    ...tensors.flat(),
  ];
  const bytes = new Uint8Array(Math.ceil(header.length / 32) * 32 + data);
  bytes.set(header);
  return bytes;
}
