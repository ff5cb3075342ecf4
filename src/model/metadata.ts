import type { Checkpoint, MetadataValue } from '../formats/checkpoint.ts';
import { InvalidMetadataError, MissingMetadataError } from './errors.ts';
import { shown } from './shown.ts';

type Described = Pick<Checkpoint, 'metadata'> & {
  readonly source: Pick<Checkpoint['source'], 'name'>;
};

/**
 * A checkpoint's metadata as typed values. Each method takes what to answer when the key is missing; without it a
 * missing key is an error.
 * @throws MissingMetadataError, InvalidMetadataError (of all methods)
 */
export class Metadata {
  /** Keys that somebody has asked for. */
  readonly asked = new Set<string>();
  readonly source: string;
  private readonly values: ReadonlyMap<string, MetadataValue>;
  private readonly prefix: string;

  /** @param prefix what the names of all keys begin with, left out when they are asked for */
  constructor({ source, metadata }: Described, prefix = '') {
    this.source = source.name;
    this.values = metadata;
    this.prefix = prefix;
  }

  /** The value as it is in the file; undefined when there is none. */
  get(key: string): MetadataValue | undefined {
    this.asked.add(key);
    return this.values.get(this.prefix + key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Whether there is any key that begins so. */
  holds(beginning: string): boolean {
    return [...this.values.keys()].some((key) => key.startsWith(this.prefix + beginning));
  }

  /** The name of a key in the file. */
  fullKey(key: string): string {
    return this.prefix + key;
  }

  integer<T = number>(key: string, min: number, max: number, missing?: T): number | T {
    return this.read(key, missing, (value) => this.wholeNumber(key, value, min, max));
  }

  /** A finite number above 0. */
  positive<T = number>(key: string, missing?: T): number | T {
    return this.read(key, missing, (value) => {
      if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
      this.fail(key, `is ${shown(value)}, not a number above 0`);
    });
  }

  string<T = string>(key: string, missing?: T): string | T {
    return this.read(key, missing, (value) => {
      if (typeof value === 'string') return value;
      this.fail(key, `is ${shown(value)}, not a string`);
    });
  }

  boolean(key: string, missing?: boolean): boolean {
    return this.read(key, missing, (value) => {
      if (typeof value === 'boolean') return value;
      this.fail(key, `is ${shown(value)}, not true or false`);
    });
  }

  booleans(key: string): boolean[] {
    return this.array(key).map((value, i) => {
      // Hugging Face has 0 and 1 in some lists.
      const isTrue = value === true || value === 1;
      if (!isTrue && value !== false && value !== 0) {
        this.fail(key, `holds ${shown(value)} at index ${i}`);
      }
      return isTrue;
    });
  }

  strings(key: string): string[] {
    return this.array(key).map((value, i) => {
      if (typeof value !== 'string') this.fail(key, `holds ${shown(value)} at index ${i}`);
      return value;
    });
  }

  integers(key: string, min: number, max: number): number[] {
    return this.array(key).map((value) => this.wholeNumber(key, value, min, max));
  }

  /** Finite numbers. */
  numbers(key: string): number[] {
    return this.array(key).map((value, i) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        this.fail(key, `holds ${shown(value)} at index ${i}`);
      }
      return value;
    });
  }

  fail(key: string, reason: string): never {
    throw new InvalidMetadataError({ source: this.source, key: this.fullKey(key), reason });
  }

  private array(key: string): readonly MetadataValue[] {
    return this.read<readonly MetadataValue[], never>(key, undefined, (value) => {
      if (typeof value === 'object') return value;
      this.fail(key, `is ${shown(value)}, not an array`);
    });
  }

  private wholeNumber(key: string, value: MetadataValue, min: number, max: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    this.fail(key, `is ${shown(value)}, not a whole number from ${min} to ${max}`);
  }

  private read<V, T>(key: string, missing: T | undefined, check: (value: MetadataValue) => V) {
    const value = this.get(key);
    if (value !== undefined) return check(value);
    if (missing !== undefined) return missing;
    throw new MissingMetadataError({ source: this.source, key: this.fullKey(key) });
  }
}
