import type { TensorInfo } from '../checkpoint.ts';
import { quote, SafetensorsTruncatedError, TensorOffsetError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import type { StoredTensor } from './parse_header.ts';

/** A tensor of a file, or a half of one. */
export type StoredInfo = Omit<TensorInfo, 'type'> & Pick<StoredTensor, 'type'>;

/**
 * Where each tensor lies in the file, in the order of the header: inside the file, none over another.
 * @param data The end of the header, in bytes from the start of the file.
 * @throws TensorOffsetError, SafetensorsTruncatedError
 */
export function placeTensors(
  source: ByteSource,
  data: number,
  stored: readonly StoredTensor[],
): Map<string, StoredInfo> {
  const left = source.size - data;
  let end = 0;
  let before = '';
  for (const { name, start, bytes } of stored.toSorted((a, b) => a.start - b.start)) {
    if (start < end) {
      const reason = `is inside ${quote(before)}, which ends at ${end}`;
      const offset = String(start);
      throw new TensorOffsetError({ source: source.name, tensor: name, offset, reason });
    }
    end = start + bytes;
    before = name;
    if (end > left) {
      const part = `the data of ${quote(name)}`;
      throw new SafetensorsTruncatedError({ source: source.name, part, needed: end, left });
    }
  }
  return new Map(
    stored.map(({ name, type, shape, start, bytes }) => [
      name,
      { name, type, shape, source, offset: data + start, bytes },
    ]),
  );
}
