/** Where and why a JSON document is not what it should be. */
export class JsonValueError extends Error {
  readonly field: string;
  readonly reason: string;

  constructor(field: string, reason: string) {
    super(`${field} ${reason}`);
    this.field = field;
    this.reason = reason;
  }
}

/** A value of a JSON document that nobody has checked yet, and the way to it. */
export class JsonValue {
  private readonly value: unknown;
  private readonly parent: JsonValue | undefined;
  private readonly key: string | number;

  private constructor(value: unknown, parent?: JsonValue, key: string | number = '') {
    this.value = value;
    this.parent = parent;
    this.key = key;
  }

  /** A document that is parsed already. */
  static of(document: unknown): JsonValue {
    return new JsonValue(document);
  }

  /** @throws JsonValueError when the bytes are no JSON in UTF-8. */
  static parse(bytes: Uint8Array<ArrayBuffer>): JsonValue {
    try {
      return new JsonValue(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    } catch (error) {
      throw new JsonValueError('', `is not JSON (${(error as Error).message})`);
    }
  }

  /** Such as `layers[3].tensors[0].shape`. */
  get path(): string {
    if (!this.parent) return '';
    if (typeof this.key === 'number') return `${this.parent.path}[${this.key}]`;
    return this.parent.path ? `${this.parent.path}.${this.key}` : this.key;
  }

  /** As it was parsed, for whoever checks it. */
  get raw(): unknown {
    return this.value;
  }

  fail(reason: string): never {
    throw new JsonValueError(this.path, reason);
  }

  /** A field of an object. */
  get(key: string): JsonValue {
    const fields = this.object();
    if (!Object.hasOwn(fields, key)) new JsonValue(undefined, this, key).fail('is missing');
    return new JsonValue(fields[key], this, key);
  }

  /** A field that may be missing, or null; null in both cases. */
  optional(key: string): JsonValue | null {
    const value = this.object()[key] ?? null;
    return value === null || !Object.hasOwn(this.object(), key)
      ? null
      : new JsonValue(value, this, key);
  }

  /** Names of an object's fields. */
  keys(): string[] {
    return Object.keys(this.object());
  }

  array<T>(read: (item: JsonValue) => T): T[] {
    if (!Array.isArray(this.value)) this.fail('is not an array');
    return this.value.map((item, i) => read(new JsonValue(item, this, i)));
  }

  /** The value as it is, for whoever tells its kinds apart. */
  unchecked(): unknown {
    return this.value;
  }

  string(): string {
    if (typeof this.value !== 'string') this.fail('is not a string');
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') this.fail('is not true or false');
    return this.value;
  }

  integer(min: number, max: number): number {
    const { value } = this;
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      this.fail(`is ${JSON.stringify(value)}, not a whole number from ${min} to ${max}`);
    }
    return value as number;
  }

  finite(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) this.fail('is no number');
    return this.value;
  }

  positive(): number {
    const { value } = this;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      this.fail(`is ${JSON.stringify(value)}, not a number above 0`);
    }
    return value;
  }

  atLeastZero(): number {
    return this.value === 0 ? 0 : this.positive();
  }

  oneOf<T extends string | number>(allowed: readonly T[]): T {
    if (!allowed.includes(this.value as T)) {
      this.fail(`is ${JSON.stringify(this.value)}, not ${allowed.join(' or ')}`);
    }
    return this.value as T;
  }

  nullOr<T>(read: (value: JsonValue) => T): T | null {
    return this.value === null ? null : read(this);
  }

  private object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail('is not an object');
    }
    return value as Record<string, unknown>;
  }
}
