/**
 * @typedef {{ readonly first: number, readonly last: number }} ByteRange both inclusive
 */

/**
 * The part of a file that a request asks for (RFC 9110, 14.1 and 14.2).
 * @param {string | undefined} header `Range`
 * @param {number} size bytes
 * @returns {ByteRange | 'unsatisfiable' | null} null: all of it, also for several ranges or none that can be read
 */
export function parseByteRange(header, size) {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '');
  if (!match) return null;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return null;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return null;
  if (first >= size) return 'unsatisfiable';
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}
