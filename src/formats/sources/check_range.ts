import { SourceRangeError } from '../errors.ts';
import type { ByteSource } from '../source.ts';

/** @throws SourceRangeError when the range is not inside the source. */
export function checkRange(source: ByteSource, offset: number, length: number): void {
  const { name, size } = source;
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(offset) || !isCount(length) || length > size - offset) {
    throw new SourceRangeError({ source: name, offset, length, size });
  }
}
