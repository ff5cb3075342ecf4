import { open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';

// PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
const END = { signature: 0x06054b50, bytes: 22, longestComment: 0xffff };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const STORED = 0;
const DEFLATED = 8;

/**
 * One file inside a zip archive, as a stream of its bytes.
 * @param {string} path the archive; without ZIP64, so below 4 GiB
 * @param {string} member
 * @returns {Promise<import('node:stream').Readable>}
 * @throws Error when the archive is damaged or has no such member
 */
export async function openZipMember(path, member) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const entry = await findEntry(file, size, member);
    const local = await read(file, entry.offset, LOCAL.bytes);
    if (local.readUInt32LE(0) !== LOCAL.signature) throw damaged('a local header is missing');
    const start = entry.offset + LOCAL.bytes + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (start + entry.bytes > size) throw damaged('a member ends behind the archive');
    const raw = file.createReadStream({ start, end: start + entry.bytes - 1 });
    if (entry.method === STORED) return raw;
    const inflated = createInflateRaw();
    raw.once('error', (error) => inflated.destroy(error));
    inflated.once('close', () => raw.destroy());
    return raw.pipe(inflated);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} size
 * @param {string} member
 */
async function findEntry(file, size, member) {
  const tailBytes = Math.min(size, END.bytes + END.longestComment);
  const tail = await read(file, size - tailBytes, tailBytes);
  const end = tail.lastIndexOf(signatureBytes(END.signature));
  if (end < 0 || end + END.bytes > tail.length) throw damaged('it has no directory');
  const directory = await read(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at + ENTRY.bytes <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY.signature) throw damaged('its directory is broken');
    const nameBytes = directory.readUInt16LE(at + 28);
    const name = directory.toString('utf8', at + ENTRY.bytes, at + ENTRY.bytes + nameBytes);
    if (name === member) {
      const method = directory.readUInt16LE(at + 10);
      const bytes = directory.readUInt32LE(at + 20);
      const offset = directory.readUInt32LE(at + 42);
      if (method !== STORED && method !== DEFLATED) throw damaged(`method ${method} is unknown`);
      if (bytes === 0 || offset > size) throw damaged('a member is not where it should be');
      return { method, bytes, offset };
    }
    at +=
      ENTRY.bytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw new Error(`the archive has no ${member}`);
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} offset
 * @param {number} length
 */
async function read(file, offset, length) {
  const { size } = await file.stat();
  // Before anything is allocated by what the file says of itself.
  if (offset < 0 || offset + length > size) throw damaged('it is cut off');
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
  if (bytesRead < length) throw damaged('it is cut off');
  return buffer;
}

/** @param {number} signature */
function signatureBytes(signature) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(signature);
  return bytes;
}

/** @param {string} reason */
function damaged(reason) {
  return new Error(`the archive is damaged (${reason})`);
}
