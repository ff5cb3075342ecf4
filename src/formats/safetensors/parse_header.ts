import { BLOCK_TYPES, type BlockTypeName } from '../block_types.ts';
import {
  quote,
  SafetensorsHeaderError,
  TensorDimsError,
  TensorNameError,
  TensorOffsetError,
  TensorTypeError,
} from '../errors.ts';
import { decodeUtf8 } from '../utf8.ts';

/** A tensor as the header has it, its fields checked against each other. */
export interface StoredTensor {
  readonly name: string;
  /** Bytes: a half of an MXFP4 tensor. */
  readonly type: BlockTypeName | 'U8';
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly start: number;
  readonly bytes: number;
}

/** Dtypes whose values Lamina has a stored type of the same name for; each value is a block of its own. */
const DTYPES = ['F32', 'F16', 'BF16'] as const satisfies readonly BlockTypeName[];
/** Bytes are known as halves of an MXFP4 tensor only; see `joinMxfp4`. */
export const BLOCKS_ENDING = '_blocks';
export const SCALES_ENDING = '_scales';
const METADATA_KEY = '__metadata__';
const MOST_DIMS = 8;
/** In order of the alphabet. */
const TENSOR_FIELDS = ['data_offsets', 'dtype', 'shape'];

/**
 * @param bytes JSON, as it is in the file `source`.
 * @throws SafetensorsHeaderError, TensorNameError, TensorTypeError, TensorDimsError, TensorOffsetError
 */
export function parseHeader(
  source: string,
  bytes: Uint8Array,
): { metadata: Map<string, string>; tensors: StoredTensor[] } {
  const header = parseObject(source, bytes);
  const metadata = readMetadata(source, header[METADATA_KEY]);
  const names = Object.keys(header).filter((name) => name !== METADATA_KEY);
  const tensors = names.map((name, i) => {
    if (name !== '') return readTensor(source, name, header[name]);
    const reason = 'is empty';
    throw new TensorNameError({ source, index: i + 1, count: names.length, reason });
  });
  // Of equal names JSON.parse keeps the last.
  const keys = tensors.length * (1 + TENSOR_FIELDS.length) + (metadata ? 1 + metadata.size : 0);
  if (countKeys(bytes) !== keys) {
    throw new SafetensorsHeaderError({ source, reason: 'has a name twice' });
  }
  return { metadata: metadata ?? new Map(), tensors };
}

function parseObject(source: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const fail = (reason: string): never => {
    throw new SafetensorsHeaderError({ source, reason });
  };
  const text = decodeUtf8(bytes) ?? fail('is not UTF-8');
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    fail(`is not JSON (${(error as Error).message})`);
  }
  return isObject(header) ? header : fail('is no JSON object');
}

function readMetadata(source: string, value: unknown): Map<string, string> | null {
  if (value === undefined) return null;
  const entries = isObject(value) ? Object.entries(value) : null;
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    const reason = `has a ${METADATA_KEY} that is no object of texts`;
    throw new SafetensorsHeaderError({ source, reason });
  }
  return new Map(entries);
}

function readTensor(source: string, tensor: string, value: unknown): StoredTensor {
  const fields = isObject(value) ? value : {};
  const { dtype, shape, data_offsets } = fields;
  if (
    Object.keys(fields).sort().join() !== TENSOR_FIELDS.join() ||
    typeof dtype !== 'string' ||
    !isCounts(shape) ||
    !isCounts(data_offsets) ||
    data_offsets.length !== 2
  ) {
    const reason = `has for ${quote(tensor)} something other than a dtype, a shape and two data_offsets, whole numbers below 2^53`;
    throw new SafetensorsHeaderError({ source, reason });
  }
  const isHalf = tensor.endsWith(BLOCKS_ENDING) || tensor.endsWith(SCALES_ENDING);
  const type = dtype === 'U8' && isHalf ? ('U8' as const) : DTYPES.find((name) => name === dtype);
  if (!type) {
    const [ggml_type, removed, supported] = [null, false, DTYPES];
    throw new TensorTypeError({
      source,
      tensor,
      ggml_type,
      type: quote(dtype),
      removed,
      supported,
    });
  }
  const [start, end] = data_offsets as [number, number];
  if (end < start) {
    const reason = `is after its end, ${end}`;
    throw new TensorOffsetError({ source, tensor, offset: String(start), reason });
  }
  const dims = shape.length > MOST_DIMS ? `${shape.length}` : `[${shape.join(', ')}]`;
  const fail = (reason: string): never => {
    throw new TensorDimsError({ source, tensor, reason: `${dims} ${reason}` });
  };
  if (shape.length > MOST_DIMS) fail(`are more than ${MOST_DIMS}`);
  if (shape.includes(0)) fail('leave no values');
  const value_bytes = type === 'U8' ? 1 : BLOCK_TYPES[type].block_bytes;
  const bytes = value_bytes * shape.reduce((product, n) => product * n, 1);
  if (bytes !== end - start) {
    fail(`take ${bytes} bytes in ${type}, and its data has ${end - start}`);
  }
  return { name: tensor, type, shape, start, bytes };
}

/** How many names the objects in a JSON text have: colons outside of strings. */
function countKeys(json: Uint8Array): number {
  let count = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (byte === COLON && !inString) count += 1;
  }
  return count;
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
