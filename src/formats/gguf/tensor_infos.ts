import { BLOCK_TYPES, type BlockTypeName } from '../block_types.ts';
import { quote, TensorDimsError, TensorNameError, TensorTypeError } from '../errors.ts';
import { decodeUtf8 } from '../utf8.ts';
import { GGML_TYPE_NAMES, REMOVED_GGML_TYPES } from './ggml_types.ts';
import type { HeaderCursor } from './header_cursor.ts';

/** A tensor info as stored, its name, dims and type checked. */
export interface StoredTensor {
  readonly name: string;
  readonly type: BlockTypeName;
  /** Rows first, as in `TensorInfo`. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** From the start of the tensor data, not checked. */
  readonly offset: bigint;
}

/** Name length, a name of one byte, the number of dims, one of them, type and offset. */
export const LEAST_TENSOR_BYTES = 33;
/** `GGML_MAX_DIMS`. */
const MAX_DIMS = 4;

const TYPES_BY_NUMBER = new Map(
  (Object.keys(BLOCK_TYPES) as BlockTypeName[]).map((name) => [BLOCK_TYPES[name].ggml_type, name]),
);

/**
 * The tensor infos, in the order of the file.
 * @throws TensorNameError, TensorDimsError, TensorTypeError, GgufCountError, GgufTruncatedError, GgufHeaderSizeError
 */
export async function readTensorInfos(
  cursor: HeaderCursor,
  count: number,
): Promise<StoredTensor[]> {
  cursor.section = 'tensor infos';
  const infos: StoredTensor[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = await readName(cursor, i + 1, count, names);
    names.add(name);
    const dims = await readDims(cursor, name);
    await cursor.fill(12);
    const type = readType(cursor, name);
    const { block_size, block_bytes } = BLOCK_TYPES[type];
    if (dims[0]! % block_size !== 0) {
      const reason = `${inBrackets(dims)} make rows of ${dims[0]} values, not a multiple of the ${block_size} in a block of ${type}`;
      throw new TensorDimsError({ source: cursor.source.name, tensor: name, reason });
    }
    const values = dims.reduce((product, length) => product * length);
    infos.push({
      name,
      type,
      shape: dims.reverse(),
      bytes: (values / block_size) * block_bytes,
      offset: cursor.u64(),
    });
  }
  return infos;
}

async function readName(
  cursor: HeaderCursor,
  index: number,
  count: number,
  others: ReadonlySet<string>,
): Promise<string> {
  const fail = (reason: string): never => {
    throw new TensorNameError({ source: cursor.source.name, index, count, reason });
  };
  await cursor.fill(8);
  const length = cursor.count('tensor name length', 1);
  await cursor.fill(length);
  const name = decodeUtf8(cursor.take(length)) ?? fail('is not UTF-8');
  if (name === '') fail('is empty');
  if (others.has(name)) fail(`is ${quote(name)}, and so is that of an earlier one`);
  return name;
}

/** As stored: the length of a row first. */
async function readDims(cursor: HeaderCursor, tensor: string): Promise<number[]> {
  const fail = (reason: string): never => {
    throw new TensorDimsError({ source: cursor.source.name, tensor, reason });
  };
  await cursor.fill(4);
  const count = cursor.u32();
  if (count < 1 || count > MAX_DIMS) fail(`are ${count}, and there must be 1 to ${MAX_DIMS}`);
  await cursor.fill(8 * count);
  const dims: bigint[] = [];
  for (let i = 0; i < count; i++) dims.push(cursor.u64());
  const values = dims.reduce((product, length) => product * length);
  if (values === 0n) fail(`${inBrackets(dims)} leave no values`);
  if (values > Number.MAX_SAFE_INTEGER) {
    fail(`${inBrackets(dims)} overflow: they make ${values} values`);
  }
  return dims.map(Number);
}

function readType(cursor: HeaderCursor, tensor: string): BlockTypeName {
  const ggml_type = cursor.u32();
  const known = TYPES_BY_NUMBER.get(ggml_type);
  if (known) return known;
  throw new TensorTypeError({
    source: cursor.source.name,
    tensor,
    ggml_type,
    type: GGML_TYPE_NAMES.get(ggml_type) ?? null,
    removed: REMOVED_GGML_TYPES.has(ggml_type),
    supported: Object.keys(BLOCK_TYPES),
  });
}

function inBrackets(dims: readonly (number | bigint)[]): string {
  return `[${dims.join(', ')}]`;
}
