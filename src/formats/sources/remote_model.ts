import type { Folder } from '../folder.ts';
import { HUB_ENDPOINT, type HubOptions, openHubFolder } from './hub_folder.ts';
import { openUrlFolder } from './url_folder.ts';

/** Where a checkpoint is: a folder, and a file of it unless the folder's only checkpoint is meant. */
export interface ModelLocation {
  readonly folder: Folder;
  readonly path: string | undefined;
}

/** `owner/name`, `@revision` and `:file` if they are there. */
const HUB_NAME = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([^@:\s]+))?(?::([^:\s]+))?$/;
/** The page of a repository on the hub, or that of a file in it. */
const HUB_PAGE =
  /^\/([\w.-]+\/[\w.-]+)(?:\/(?:tree\/([^/]+)|(?:blob|resolve)\/([^/]+)\/(.+)))?\/?$/;
/** `model.gguf`, and what else has an ending; a folder's last name has no dot or is followed by a slash. */
const FILE_NAME = /\/[^/]*\.[^/]*$/;

/**
 * What a text names that is not on this machine: an address of a file or a folder, or a repository of the hub,
 * `owner/name[@revision][:file]`; null when it is neither.
 */
export function locateRemote(text: string, options: HubOptions = {}): ModelLocation | null {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text);
    return locateHubPage(url, options) ?? locateUrl(url, options);
  }
  const [, id, revision = 'main', path] = HUB_NAME.exec(text) ?? [];
  // The path of a file that is not there: nothing on the hub is called so.
  const isFile = id !== undefined && /\.(gguf|safetensors|json)$/i.test(id);
  return id === undefined || isFile
    ? null
    : { folder: openHubFolder({ id, revision }, options), path };
}

/** What people copy from the hub's pages; null when it is none of them. */
function locateHubPage(url: URL, options: HubOptions): ModelLocation | null {
  if (url.origin !== HUB_ENDPOINT || options.endpoint) return null;
  const [, id, tree, revision, path] = HUB_PAGE.exec(url.pathname) ?? [];
  if (id === undefined) return null;
  const folder = openHubFolder({ id, revision: tree ?? revision ?? 'main' }, options);
  return { folder, path: path && decoded(path) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A file at an address with an ending, and what lies beside it; else a folder. The token is the hub's: no other server gets it. */
function locateUrl(url: URL, { endpoint: _, token: __, ...options }: HubOptions): ModelLocation {
  const isFile = FILE_NAME.test(url.pathname) || url.search !== '';
  if (isFile) {
    const path = url.pathname.slice(url.pathname.lastIndexOf('/') + 1) + url.search;
    return { folder: openUrlFolder(new URL('.', url).href, options), path };
  }
  const folder = url.href.replace(/[?#].*$/s, '').replace(/\/*$/, '/');
  return { folder: openUrlFolder(folder, options), path: undefined };
}
