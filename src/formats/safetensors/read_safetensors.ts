import { type Checkpoint, identityOf } from '../checkpoint.ts';
import { readDocuments } from '../documents.ts';
import { quote, ShardIndexError, SourceNotFoundError } from '../errors.ts';
import { type Folder, sibling } from '../folder.ts';
import type { ByteSource } from '../source.ts';
import { joinMxfp4 } from './join_mxfp4.ts';
import { parseIndex } from './parse_index.ts';
import type { StoredInfo } from './place_tensors.ts';
import { readHeader } from './read_header.ts';

export const INDEX_SUFFIX = '.safetensors.index.json';
/** Bytes; some times that of a mixture of experts with 50,000 tensors. */
export const LARGEST_INDEX = 64 * 2 ** 20;
/** Headers that are under way at once: each is a request or two where the files are on a server. */
const SHARDS_AT_ONCE = 6;

/**
 * The table of contents of a safetensors checkpoint: one file, or the files that an index names.
 * @param path The `.safetensors` file, or the `.safetensors.index.json`.
 * @throws ShardIndexError, DocumentError, the errors of `readHeader` and `joinMxfp4`; errors of the folder and its sources as they are.
 */
export async function readSafetensors(
  folder: Folder,
  path: string,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const [weights, { documents, files }] = await Promise.all([
    path.endsWith(INDEX_SUFFIX)
      ? readShards(folder, path, signal)
      : readShard(folder, path, signal),
    readDocuments(folder, path, signal),
  ]);
  return {
    format: 'safetensors',
    source: await identityOf(folder.name, [...weights.sources, ...files]),
    metadata: weights.metadata,
    tensors: joinMxfp4(folder.name, weights.tensors),
    documents,
    tables: new Map(),
  };
}

interface Weights {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredInfo>;
  readonly sources: readonly ByteSource[];
}

async function readShard(folder: Folder, path: string, signal?: AbortSignal): Promise<Weights> {
  const source = await folder.open(path, signal);
  return { ...(await readHeader(source, signal)), sources: [source] };
}

async function readShards(folder: Folder, path: string, signal?: AbortSignal): Promise<Weights> {
  const whole = await folder.readWhole(path, LARGEST_INDEX, signal);
  if (!whole) throw new SourceNotFoundError({ source: `${folder.name}/${path}` });
  const index = parseIndex(whole);
  const files = [...index.keys()].sort();
  const shards: Weights[] = [];
  for (let i = 0; i < files.length; i += SHARDS_AT_ONCE) {
    const paths = files.slice(i, i + SHARDS_AT_ONCE).map((file) => sibling(path, file));
    shards.push(...(await Promise.all(paths.map((shard) => readShard(folder, shard, signal)))));
  }
  const tensors = new Map<string, StoredInfo>();
  for (const [i, file] of files.entries()) {
    for (const name of index.get(file)!) {
      const tensor = shards[i]!.tensors.get(name);
      if (!tensor) {
        const reason = `names ${quote(name)} in ${file}, which has no such tensor`;
        throw new ShardIndexError({ source: path, reason });
      }
      tensors.set(name, tensor);
    }
  }
  return {
    metadata: shards[0]!.metadata,
    tensors,
    sources: shards.flatMap(({ sources }) => sources),
  };
}
