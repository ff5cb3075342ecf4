/** Everything in an archive begins at a multiple of it. */
export const TAR_BLOCK = 512;

/** A file of an archive. */
export interface TarEntry {
  /** ASCII, at most 155 bytes; empty: none. */
  readonly folder: string;
  /** ASCII, at most 100 bytes. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Fields of a header, in bytes from its start; of POSIX ustar. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

const REGULAR_FILE = '0';
const MAGIC = 'ustar\x0000';
/** More than eleven octal digits hold is written as a binary number, as GNU tar does. */
const LARGEST_OCTAL = 8 ** 11 - 1;
const BINARY_NUMBER = 0x80;

export function tarHeader({ folder, name, size }: TarEntry): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(TAR_BLOCK);
  const put = (field: keyof typeof FIELDS, text: string): void => {
    header.set(new TextEncoder().encode(text), FIELDS[field][0]);
  };
  put('name', name);
  put('prefix', folder);
  put('mode', '0000644\0');
  put('uid', '0000000\0');
  put('gid', '0000000\0');
  put('mtime', '00000000000\0');
  put('type', REGULAR_FILE);
  put('magic', MAGIC);
  if (size <= LARGEST_OCTAL) {
    put('size', `${size.toString(8).padStart(11, '0')}\0`);
  } else {
    header[FIELDS.size[0]] = BINARY_NUMBER;
    new DataView(header.buffer).setBigUint64(FIELDS.size[0] + 4, BigInt(size));
  }
  put('checksum', `${checksum(header).toString(8).padStart(6, '0')}\0 `);
  return header;
}

/** What a header says; null when it is none, or is not of a plain file. */
export function parseTarHeader(header: Uint8Array): TarEntry | null {
  const text = (field: keyof typeof FIELDS): string => {
    const [offset, length] = FIELDS[field];
    const bytes = header.subarray(offset, offset + length);
    return new TextDecoder('latin1').decode(bytes).replace(/\0.*$/s, '');
  };
  const isFile = text('type') === REGULAR_FILE || text('type') === '';
  if (!text('magic').startsWith('ustar') || !isFile) return null;
  if (Number.parseInt(text('checksum'), 8) !== checksum(header)) return null;
  const [at] = FIELDS.size;
  const { buffer, byteOffset } = header;
  const size =
    header[at] === BINARY_NUMBER
      ? Number(new DataView(buffer, byteOffset).getBigUint64(at + 4))
      : Number.parseInt(text('size'), 8);
  return Number.isSafeInteger(size) ? { folder: text('prefix'), name: text('name'), size } : null;
}

/** Bytes that a file takes with the zeros after it. */
export function tarPadded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

/** The sum of all bytes, those of the checksum as if they were spaces. */
function checksum(header: Uint8Array): number {
  const [offset, length] = FIELDS.checksum;
  return header.reduce(
    (sum, byte, i) => sum + (i >= offset && i < offset + length ? 0x20 : byte),
    0,
  );
}
