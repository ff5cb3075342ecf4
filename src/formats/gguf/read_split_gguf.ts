import { type Checkpoint, identityOf, type TensorInfo } from '../checkpoint.ts';
import { GgufSplitError, quote } from '../errors.ts';
import { type Folder, fileName, sibling } from '../folder.ts';
import type { ByteSource } from '../source.ts';
import { readGguf } from './read_gguf.ts';

const NUMBER = /-(\d{5})-of-(\d{5})\.gguf$/i;
/** As many as five digits would be more than anybody opens at once. */
const MOST_FILES = 1000;

/** A model's files but the first count as parts of it. */
export function isLaterSplit(path: string): boolean {
  const number = NUMBER.exec(path)?.[1];
  return number !== undefined && Number(number) > 1;
}

/**
 * The table of contents of a GGUF checkpoint: one file, or all files that it is split into. Each has tensors, and only
 * the first has the model's metadata.
 * @param path The file, or any of the files.
 * @throws GgufSplitError, the errors of `readGguf`; errors of the folder and its sources as they are.
 * @see https://github.com/ggml-org/llama.cpp/tree/master/tools/gguf-split
 */
export async function readSplitGguf(
  folder: Folder,
  path: string,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const source = await folder.open(path, signal);
  const file = await readGguf(source, signal);
  const count = splitValue(file, 'split.count') ?? 1;
  if (count <= 1) return file;
  const fail = (reason: string): never => {
    throw new GgufSplitError({ source: source.name, reason });
  };
  const [, , total] = NUMBER.exec(path) ?? [];
  if (Number(total) !== count || count > MOST_FILES) {
    fail(`says that it is one of ${count}`);
  }
  const paths = Array.from({ length: count }, (_, i) =>
    sibling(path, fileName(path).replace(NUMBER, `-${digits(i + 1)}-of-${digits(count)}.gguf`)),
  );
  const sources: ByteSource[] = [];
  const tensors = new Map<string, TensorInfo>();
  const tables = new Map<string, Float32Array>();
  let first: Checkpoint | null = null;
  for (const [no, part] of paths.entries()) {
    const opened = part === path ? source : await folder.open(part, signal);
    const split = part === path ? file : await readGguf(opened, signal);
    const [itsNo, itsCount] = [splitValue(split, 'split.no'), splitValue(split, 'split.count')];
    if (itsNo !== no || itsCount !== count) {
      fail(`belongs with ${fileName(part)}, which says that it is number ${itsNo} of ${itsCount}`);
    }
    for (const [name, tensor] of split.tensors) {
      if (tensors.has(name)) fail(`belongs with ${fileName(part)}, which has ${quote(name)} again`);
      tensors.set(name, tensor);
    }
    for (const [name, table] of split.tables) tables.set(name, table);
    first ??= split;
    sources.push(opened);
  }
  const stated = splitValue(first!, 'split.tensors.count');
  if (stated !== undefined && stated !== tensors.size) {
    fail(`should have ${stated} tensors together with the others, and there are ${tensors.size}`);
  }
  return { ...first!, tensors, tables, source: await identityOf(sources[0]!.name, sources) };
}

function splitValue({ metadata }: Checkpoint, key: string): number | undefined {
  const value = metadata.get(key);
  return typeof value === 'number' ? value : undefined;
}

function digits(number: number): string {
  return String(number).padStart(5, '0');
}
