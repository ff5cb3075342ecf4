import type { TensorInfo } from '../checkpoint.ts';
import { GgufTruncatedError, quote, TensorOffsetError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import type { StoredTensor } from './tensor_infos.ts';

/**
 * Where each tensor lies in the source, in the order of the file: aligned, inside the source, none over another.
 * @param start The end of the tensor infos, in bytes from the start of the source.
 * @throws TensorOffsetError, GgufTruncatedError
 */
export function placeTensors(
  source: ByteSource,
  start: number,
  alignment: number,
  stored: readonly StoredTensor[],
): Map<string, TensorInfo> {
  const align = (offset: number) => Math.ceil(offset / alignment) * alignment;
  const data = align(start);
  const left = Math.max(0, source.size - data);
  /** Where the tensor data before the one at hand ends. */
  let end = 0;
  let before = '';
  for (const { name, bytes, offset } of stored.toSorted(byOffset)) {
    const fail = (reason: string): never => {
      throw new TensorOffsetError({
        source: source.name,
        tensor: name,
        offset: String(offset),
        reason,
      });
    };
    if (offset % BigInt(alignment) !== 0n) fail(`is not a multiple of the alignment, ${alignment}`);
    if (offset < end) fail(`is inside ${quote(before)}, which ends at ${end}`);
    const at = Number(offset);
    if (at + bytes > left) {
      // Where a tensor follows the one before it the file is short; elsewhere the offset is wrong.
      if (at > left && at !== align(end)) fail(`is past the end of the tensor data, ${left}`);
      throw new GgufTruncatedError({
        source: source.name,
        section: 'tensor data',
        at: data + at,
        needed: bytes,
        left: Math.max(0, left - at),
        tensor: name,
      });
    }
    end = at + bytes;
    before = name;
  }
  return new Map(
    stored.map(({ name, type, shape, bytes, offset }) => [
      name,
      { name, type, shape, source, offset: data + Number(offset), bytes },
    ]),
  );
}

function byOffset(a: StoredTensor, b: StoredTensor): number {
  return Number(a.offset - b.offset);
}
