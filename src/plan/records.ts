import { JsonValue, JsonValueError } from '../formats/json_value.ts';
import type { ModelRates, RingSize } from './rates.ts';

/** What a page or a program remembers from one run to the next: texts by name. */
export interface RecordStore {
  /** Null when there is none. */
  read(name: string): Promise<string | null>;
  write(name: string, text: string): Promise<void>;
}

/** Raised whenever a record's fields or their meaning change. */
const VERSION = 2;
const MOST_PIECES = 64;
const MOST_PIECE_BYTES = 2 ** 30;

/** What was written under a name; null when there is nothing, or nothing that `read` takes: it is measured again. */
export async function recall<T>(
  records: RecordStore,
  name: string,
  read: (value: JsonValue) => T,
): Promise<T | null> {
  const text = await records.read(name);
  if (text === null) return null;
  try {
    const json = JsonValue.parse(new TextEncoder().encode(text));
    json.get('version').oneOf([VERSION]);
    return read(json.get('value'));
  } catch (error) {
    if (error instanceof JsonValueError) return null;
    throw error;
  }
}

export function remember(records: RecordStore, name: string, value: unknown): Promise<void> {
  return records.write(name, JSON.stringify({ version: VERSION, value }));
}

export function readRing(value: JsonValue): RingSize {
  const piece_bytes = value.get('piece_bytes').integer(256, MOST_PIECE_BYTES);
  if (piece_bytes % 256 !== 0) value.get('piece_bytes').fail('is not a multiple of 256');
  return { pieces: value.get('pieces').integer(1, MOST_PIECES), piece_bytes };
}

export function readRates(value: JsonValue): ModelRates {
  const seconds = (name: keyof ModelRates): number => value.get(name).atLeastZero();
  const chunks = value.get('chunks').array((chunk) => ({
    tokens: chunk.get('tokens').integer(1, 2 ** 20),
    layer_seconds: chunk.get('layer_seconds').atLeastZero(),
    pass_seconds: chunk.get('pass_seconds').atLeastZero(),
  }));
  if (chunks.length === 0) value.get('chunks').fail('is empty');
  return {
    piece_seconds: seconds('piece_seconds'),
    bytes_per_second: value.get('bytes_per_second').positive(),
    row_seconds: seconds('row_seconds'),
    pass_seconds: seconds('pass_seconds'),
    layer_seconds: seconds('layer_seconds'),
    position_seconds: seconds('position_seconds'),
    head_seconds: seconds('head_seconds'),
    chunks,
    chunk_position_seconds: seconds('chunk_position_seconds'),
    choose_seconds: seconds('choose_seconds'),
    latency_seconds: seconds('latency_seconds'),
    slowdown: seconds('slowdown'),
  };
}
