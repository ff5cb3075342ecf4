const ENCODER = new TextEncoder();

export interface StoredFields {
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly data_offsets: unknown;
}

export function f32(shape: readonly number[], start: number): StoredFields {
  const values = shape.reduce((product, n) => product * n, 1);
  return { dtype: 'F32', shape, data_offsets: [start, start + 4 * values] };
}

/** A safetensors file; what its header says, and how long it says that it is, is up to the test. */
export function safetensors(
  header: string | Uint8Array | Readonly<Record<string, unknown>>,
  data: Uint8Array | number = 0,
  length?: bigint,
): Uint8Array<ArrayBuffer> {
  const bytes = header instanceof Uint8Array ? header : ENCODER.encode(asText(header));
  const tail = typeof data === 'number' ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + bytes.length + tail.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  file.set(bytes, 8);
  file.set(tail, 8 + bytes.length);
  return file;
}

function asText(header: string | Readonly<Record<string, unknown>>): string {
  return typeof header === 'string' ? header : JSON.stringify(header);
}
