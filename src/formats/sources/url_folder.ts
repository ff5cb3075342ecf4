import type { Folder } from '../folder.ts';
import { retry } from './retry.ts';
import { type FetchOptions, openUrlSource, PAUSE_MS, serverAt } from './url_source.ts';
import { downloadWhole } from './whole_download.ts';

/**
 * Files below an address on a server that answers `Range`, and allows it to other origins (CORS): a static folder.
 * @param url Ends with a slash.
 */
export function openUrlFolder(url: string, options: FetchOptions = {}): Folder {
  const addressOf = (path: string) => new URL(path, url).href;
  return {
    name: url,
    list: async () => null,
    open: (path, signal) => openUrlSource(addressOf(path), { ...options, signal }),
    readWhole(path, most, signal) {
      const server = serverAt(addressOf(path), options);
      return retry(() => downloadWhole(server, most, signal), options.pauseMs ?? PAUSE_MS, signal);
    },
  };
}
