import type { KeyValueStorage } from '../../../src/app/local_record.ts';

/** A `localStorage` that tests can fill, read and break. */
export class FakeStorage implements KeyValueStorage {
  readonly values = new Map<string, string>();
  full = false;

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }

  /** The record as it is stored. */
  json(key: string): unknown {
    return JSON.parse(this.values.get(key) ?? 'null');
  }
}

/** Records that no version of the page has written. */
export const GARBAGE = ['', '{', 'null', '7', '"text"', '[]', '{}', '[null]', '[7]', '{"a":1}'];
