import type { MetadataValue } from '../checkpoint.ts';
import { GgufAlignmentError, GgufKeyError, GgufValueError } from '../errors.ts';
import { decodeLossily, decodeUtf8 } from '../utf8.ts';
import type { HeaderCursor } from './header_cursor.ts';

interface ValueType {
  readonly name: string;
  /** The fewest bytes that a value takes; for numbers and bools all of them. */
  readonly bytes: number;
}

interface NumberType extends ValueType {
  read(view: DataView, at: number): number | bigint;
}

const UINT8: NumberType = { name: 'uint8', bytes: 1, read: (view, at) => view.getUint8(at) };
const UINT32: NumberType = {
  name: 'uint32',
  bytes: 4,
  read: (view, at) => view.getUint32(at, true),
};
const BOOL: ValueType = { name: 'bool', bytes: 1 };
/** A length, then UTF-8. */
const STRING: ValueType = { name: 'string', bytes: 8 };
/** The type of the elements and their count, then the elements. */
const ARRAY: ValueType = { name: 'array', bytes: 12 };

/** By their numbers in `enum gguf_type`. */
const VALUE_TYPES: readonly (ValueType | NumberType)[] = [
  UINT8,
  { name: 'int8', bytes: 1, read: (view, at) => view.getInt8(at) },
  { name: 'uint16', bytes: 2, read: (view, at) => view.getUint16(at, true) },
  { name: 'int16', bytes: 2, read: (view, at) => view.getInt16(at, true) },
  UINT32,
  { name: 'int32', bytes: 4, read: (view, at) => view.getInt32(at, true) },
  { name: 'float32', bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  BOOL,
  STRING,
  ARRAY,
  { name: 'uint64', bytes: 8, read: (view, at) => exact(view.getBigUint64(at, true)) },
  { name: 'int64', bytes: 8, read: (view, at) => exact(view.getBigInt64(at, true)) },
  { name: 'float64', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
];

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Key length, type and a value of one byte. */
export const LEAST_ENTRY_BYTES = 13;
/** What a model needs is not nested at all. */
const MAX_ARRAY_DEPTH = 8;

export const ALIGNMENT_KEY = 'general.alignment';

/**
 * The key/value section.
 * @throws GgufKeyError, GgufValueError, GgufCountError, GgufAlignmentError, GgufTruncatedError, GgufHeaderSizeError
 */
export async function readMetadata(
  cursor: HeaderCursor,
  count: number,
): Promise<Map<string, MetadataValue>> {
  cursor.section = 'key/values';
  const source = cursor.source.name;
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = await readKey(cursor);
    if (metadata.has(key)) {
      const reason = 'occurs twice, and nobody can say which value counts';
      throw new GgufKeyError({ source, key, reason });
    }
    const reader = new ValueReader(cursor, key);
    await cursor.fill(4);
    const type = reader.type();
    if (key === ALIGNMENT_KEY && type !== UINT32) {
      throw new GgufAlignmentError({ source, found: `of type ${type.name}` });
    }
    const [value] = await reader.values(type, 1, 0);
    metadata.set(key, value!);
  }
  return metadata;
}

async function readKey(cursor: HeaderCursor): Promise<string> {
  await cursor.fill(8);
  const length = cursor.count('key length', 1);
  await cursor.fill(length);
  const bytes = cursor.take(length);
  const key = decodeUtf8(bytes);
  if (key === null) {
    const reason = 'is not UTF-8';
    throw new GgufKeyError({ source: cursor.source.name, key: decodeLossily(bytes), reason });
  }
  return key;
}

/** Reads the value of one key. */
class ValueReader {
  private readonly cursor: HeaderCursor;
  private readonly key: string;

  constructor(cursor: HeaderCursor, key: string) {
    this.cursor = cursor;
    this.key = key;
  }

  /** Needs 4 buffered bytes. */
  type(): ValueType | NumberType {
    const { at } = this.cursor;
    const number = this.cursor.u32();
    return VALUE_TYPES[number] ?? this.fail(`has the value type ${number}, which is unknown`, at);
  }

  /** `count` values of one type, inside `depth` arrays. */
  async values(
    type: ValueType | NumberType,
    count: number,
    depth: number,
  ): Promise<MetadataValue[]> {
    // Before a long array is read in vain.
    this.cursor.require(count * type.bytes);
    if (type === STRING) return this.strings(count);
    if (type === ARRAY) return this.arrays(count, depth);
    return 'read' in type ? this.numbers(type, count) : this.bools(count);
  }

  private async numbers({ bytes, read }: NumberType, count: number): Promise<(number | bigint)[]> {
    const { cursor } = this;
    const values: (number | bigint)[] = [];
    while (values.length < count) {
      if (!cursor.has(bytes)) await cursor.fill(bytes);
      const some = Math.min(count - values.length, Math.floor(cursor.buffered / bytes));
      cursor.takeEach(some, bytes, (view, at) => values.push(read(view, at)));
    }
    return values;
  }

  private async bools(count: number): Promise<boolean[]> {
    const { at } = this.cursor;
    const values = await this.numbers(UINT8, count);
    return values.map((value, i) => {
      if (value !== 0 && value !== 1) this.fail(`is a bool of ${value}, not 0 or 1`, at + i);
      return value === 1;
    });
  }

  private async strings(count: number): Promise<string[]> {
    const { cursor } = this;
    const values: string[] = [];
    for (let i = 0; i < count; i++) {
      if (!cursor.has(8)) await cursor.fill(8);
      const length = cursor.count('string length', 1);
      if (!cursor.has(length)) await cursor.fill(length);
      values.push(decodeUtf8(cursor.take(length)) ?? this.fail('is not UTF-8', cursor.at - length));
    }
    return values;
  }

  private async arrays(count: number, depth: number): Promise<MetadataValue[][]> {
    const { cursor } = this;
    if (depth === MAX_ARRAY_DEPTH) {
      this.fail(`is an array of arrays more than ${MAX_ARRAY_DEPTH} levels deep`, cursor.at);
    }
    const values: MetadataValue[][] = [];
    for (let i = 0; i < count; i++) {
      if (!cursor.has(12)) await cursor.fill(12);
      const type = this.type();
      const length = cursor.count('array length', type.bytes);
      values.push(await this.values(type, length, depth + 1));
    }
    return values;
  }

  private fail(reason: string, at: number): never {
    throw new GgufValueError({ source: this.cursor.source.name, key: this.key, at, reason });
  }
}
