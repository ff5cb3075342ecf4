/** What `localStorage` offers of itself here. */
export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** One JSON value kept over reloads. Storage that is full, forbidden or corrupt costs the record, never the page. */
export interface LocalRecord<T> {
  read(): T;
  write(value: T): void;
}

/**
 * @param parse makes a value of whatever was stored; throws, or fills in, when it is not one
 * @param empty the value where nothing usable is stored
 */
export function localRecord<T>(
  storage: KeyValueStorage,
  key: string,
  parse: (json: unknown) => T,
  empty: T,
): LocalRecord<T> {
  return {
    read() {
      try {
        const text = storage.getItem(key);
        return text === null ? empty : parse(JSON.parse(text));
      } catch {
        return empty;
      }
    },
    write(value) {
      try {
        storage.setItem(key, JSON.stringify(value));
      } catch {
        // What was written last stays: an older conversation is better than none.
      }
    },
  };
}

/** `localStorage`, or a stand-in for this visit where the browser forbids it. */
export function pageStorage(): KeyValueStorage {
  try {
    return localStorage;
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
    };
  }
}

/** An object's fields, whatever was stored. @throws TypeError when it is no object */
export function fieldsOf(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError('not an object');
  }
  return json as Record<string, unknown>;
}
