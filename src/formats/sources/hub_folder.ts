import { HubListingError, SourceNotFoundError } from '../errors.ts';
import type { Folder, FolderFile } from '../folder.ts';
import { JsonValue, JsonValueError } from '../json_value.ts';
import { retry } from './retry.ts';
import { type FetchOptions, listedUrlSource, PAUSE_MS, serverAt } from './url_source.ts';
import { downloadAnswer, downloadWhole } from './whole_download.ts';

export const HUB_ENDPOINT = 'https://huggingface.co';

export interface HubOptions extends FetchOptions {
  /** Where the hub is; another one, or a mirror, speaks the same HTTP interface. */
  readonly endpoint?: string | undefined;
}

/** A repository of models at one revision: a branch, a tag or a commit. */
export interface HubRepository {
  /** `owner/name` */
  readonly id: string;
  readonly revision: string;
}

/** A file as the hub lists it. */
interface HubFile extends FolderFile {
  /** Changes with its content: the hash by Git or SHA-256, or where the hub says neither, the size. */
  readonly version: string;
  /** Lower-case hex; large files only. */
  readonly sha256: string | undefined;
}

/** Bytes of a page of the list; a page has up to 1,000 files. */
const LARGEST_PAGE = 16 * 2 ** 20;
const MOST_PAGES = 100;

/**
 * A repository of a model hub. It is listed once; the list says the size of every file, and of large ones the SHA-256.
 * @throws (of all methods) HubListingError, SourceNotFoundError, SourceHttpError, SourceNetworkError
 */
export function openHubFolder(
  { id, revision }: HubRepository,
  { endpoint, ...options }: HubOptions = {},
): Folder {
  const base = (endpoint || HUB_ENDPOINT).replace(/\/+$/, '');
  const pauseMs = options.pauseMs ?? PAUSE_MS;
  const rev = encodeURIComponent(revision);
  const tree = `${base}/api/models/${id}/tree/${rev}?recursive=1`;
  const addressOf = (path: string) =>
    `${base}/${id}/resolve/${rev}/${path.split('/').map(encodeURIComponent).join('/')}`;
  let listing: Promise<Map<string, HubFile>> | null = null;
  const listed = (signal?: AbortSignal) => {
    listing ??= listFiles(tree, { ...options, pauseMs }, signal);
    // A failure is not remembered.
    listing.catch(() => {
      listing = null;
    });
    return listing;
  };
  return {
    name: revision === 'main' ? id : `${id}@${revision}`,
    list: async (signal) => [...(await listed(signal)).values()],
    async open(path, signal) {
      const file = (await listed(signal)).get(path);
      if (!file) throw new SourceNotFoundError({ source: addressOf(path) });
      return listedUrlSource(addressOf(path), file, options);
    },
    async readWhole(path, most, signal) {
      const file = (await listed(signal)).get(path);
      if (!file) return null;
      const server = serverAt(addressOf(path), options);
      const whole = await retry(() => downloadWhole(server, most, signal), pauseMs, signal);
      return whole && { ...whole, version: file.version };
    },
  };
}

async function listFiles(
  tree: string,
  options: FetchOptions & { readonly pauseMs: number },
  signal: AbortSignal | undefined,
): Promise<Map<string, HubFile>> {
  const files = new Map<string, HubFile>();
  let next: string | null = tree;
  for (let page = 0; next !== null; page++) {
    const url: string = next;
    const fail = (reason: string): never => {
      throw new HubListingError({ source: url, reason });
    };
    if (!URL.canParse(url)) fail('is no address');
    // The token goes with every request: never to another origin.
    if (new URL(url).origin !== new URL(tree).origin) fail('is on another server than the hub');
    if (page === MOST_PAGES) fail(`is page ${page + 1}, and at most ${MOST_PAGES} are read`);
    const server = serverAt(url, options);
    const download = () => downloadAnswer(server, LARGEST_PAGE, signal);
    const answer = await retry(download, options.pauseMs, signal);
    if (!answer) throw new SourceNotFoundError({ source: url });
    try {
      for (const file of parsePage(answer.bytes)) files.set(file.path, file);
    } catch (error) {
      if (!(error instanceof JsonValueError)) throw error;
      fail(`is no list of files: ${error.field.slice(0, 80)} ${error.reason.slice(0, 200)}`);
    }
    const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(answer.headers.get('Link') ?? '')?.[1];
    next = link === undefined ? null : new URL(link, url).href;
  }
  return files;
}

function parsePage(bytes: Uint8Array<ArrayBuffer>): HubFile[] {
  const entries = JsonValue.parse(bytes).array((entry): HubFile | null => {
    if (entry.get('type').string() !== 'file') return null;
    const lfs = entry.optional('lfs');
    const sha256 = lfs
      ?.get('oid')
      .string()
      .replace(/^sha256:/, '')
      .toLowerCase();
    const size = entry.get('size').integer(0, Number.MAX_SAFE_INTEGER);
    return {
      path: entry.get('path').string(),
      size,
      version: sha256 ?? entry.optional('oid')?.string() ?? `${size} bytes`,
      sha256: sha256 && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    };
  });
  return entries.filter((entry) => entry !== null);
}
