import { type FileHandle, open, rm } from 'node:fs/promises';
import { openNodeFileSource } from '../../src/formats/sources/node_file_source.ts';
import { PackNotFoundError } from '../../src/store/errors.ts';
import { exportPack } from '../../src/store/export_pack.ts';
import { importArchive } from '../../src/store/import_archive.ts';
import { listPacks } from '../../src/store/list_packs.ts';
import type { NodeStore } from '../../src/store/node_store.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { quantizationOf } from '../../src/store/quantization.ts';
import { verifyPack } from '../../src/store/verify.ts';
import { OutputFileError, UsageError } from '../errors.ts';
import { openPack, packStore } from '../model.ts';
import { quantizeOption, readOptions } from '../options.ts';
import { ProgressLine } from '../progress_line.ts';
import { quantizationLines } from '../quantization_lines.ts';

type Action = (args: string[]) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  verify: (args) => onPack(args, verify),
  export: exportTo,
  import: importFrom,
  remove: (args) => onPack(args, remove),
};

const IMPORT_OPTIONS = { quantize: { type: 'string' }, json: { type: 'boolean' } } as const;

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

/** A checkpoint, or what `export` wrote, as a pack; and what was quantized. */
async function importFrom(args: string[]): Promise<void> {
  const { values, text: path } = readOptions(args, IMPORT_OPTIONS, 'model');
  if (path === undefined) throw new UsageError({ reason: 'There is no file and no model' });
  const quantize = quantizeOption(values.quantize);
  const isArchive = /\.tar$/i.test(path);
  if (isArchive && quantize) {
    const reason = `"${path}" is imported as it was exported, and --quantize is for checkpoints`;
    throw new UsageError({ reason });
  }
  const { store, pack } = isArchive ? await unpack(path) : await openPack(path, quantize);
  const quantization = quantizationOf(await openManifest(store, pack));
  if (values.json) {
    console.log(JSON.stringify({ pack, quantization }));
    return;
  }
  console.log(pack);
  if (quantization) console.log(quantizationLines(quantization));
}

async function unpack(path: string): Promise<{ store: NodeStore; pack: string }> {
  const store = packStore();
  const archive = await openNodeFileSource(path);
  const line = new ProgressLine();
  try {
    return { store, pack: await importArchive({ archive, store, onProgress: line.transfer }) };
  } finally {
    line.end();
    await archive.close();
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
