import { type FileHandle, open, rm } from 'node:fs/promises';
import { openNodeFileSource } from '../../src/formats/sources/node_file_source.ts';
import { PackNotFoundError } from '../../src/store/errors.ts';
import { exportPack } from '../../src/store/export_pack.ts';
import { importArchive } from '../../src/store/import_archive.ts';
import { listPacks, openManifest } from '../../src/store/open_pack.ts';
import { verifyPack } from '../../src/store/verify.ts';
import { OutputFileError, UsageError } from '../errors.ts';
import { packStore } from '../model.ts';
import { readOptions } from '../options.ts';
import { ProgressLine } from '../progress_line.ts';

type Action = (args: string[]) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  verify: (args) => onPack(args, verify),
  export: exportTo,
  import: importFrom,
  remove: (args) => onPack(args, remove),
};

/** `lamina models`: the packs that earlier commands imported. */
export async function models([name = 'list', ...args]: string[]): Promise<void> {
  if (!Object.hasOwn(ACTIONS, name)) {
    throw new UsageError({ reason: `"${name}" is not expected here` });
  }
  await ACTIONS[name]!(args);
}

async function list(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, { json: { type: 'boolean' } }, 'argument');
  if (text !== undefined) throw new UsageError({ reason: `"${text}" is not expected here` });
  const packs = await listPacks(packStore());
  if (values.json) {
    console.log(JSON.stringify(packs));
    return;
  }
  for (const { id, name, bytes, complete } of packs) {
    const state = complete ? '' : '  (import has not ended)';
    console.log(`${id.padEnd(48)} ${megabytes(bytes).padStart(12)}  ${name}${state}`);
  }
}

async function onPack(args: string[], action: (pack: string) => Promise<void>): Promise<void> {
  const { text: pack } = readOptions(args, {}, 'pack');
  if (pack === undefined) throw new UsageError({ reason: 'There is no name of a pack' });
  await action(pack);
}

async function verify(pack: string): Promise<void> {
  const store = packStore();
  const line = new ProgressLine();
  const manifest = await openManifest(store, pack);
  try {
    await verifyPack(store, pack, manifest, line.transfer);
  } finally {
    line.end();
  }
  console.log(`${pack} is whole`);
}

async function remove(pack: string): Promise<void> {
  const store = packStore();
  if ((await store.files(pack)).size === 0) throw new PackNotFoundError({ pack });
  await store.remove(pack);
}

async function exportTo(args: string[]): Promise<void> {
  const { values, text: pack } = readOptions(args, { out: { type: 'string' } }, 'pack');
  if (pack === undefined) throw new UsageError({ reason: 'There is no name of a pack' });
  const { out } = values;
  if (out === undefined) throw new UsageError({ reason: '--out is missing' });
  const { parts, size } = await exportPack(packStore(), pack);
  const file = await create(out);
  try {
    for await (const part of parts) await file.writeFile(part);
    await file.close();
  } catch (error) {
    // A part of an archive is of no use to anybody.
    await file.close();
    await rm(out);
    throw error;
  }
  console.log(`${out}: ${megabytes(size)}`);
}

/** A file that was not there. @throws OutputFileError */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    throw new OutputFileError({ file: path, reason: (error as Error).message });
  }
}

async function importFrom(args: string[]): Promise<void> {
  const { text: path } = readOptions(args, {}, 'file');
  if (path === undefined) throw new UsageError({ reason: 'There is no file' });
  const archive = await openNodeFileSource(path);
  const line = new ProgressLine();
  try {
    console.log(await importArchive({ archive, store: packStore(), onProgress: line.transfer }));
  } finally {
    line.end();
    await archive.close();
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
