import type { LaminaApi } from '../worker/protocol.ts';
import { fetchCatalogue } from './catalogue.ts';
import { pageStorage } from './local_record.ts';
import { openArchiveSink } from './save_file.ts';
import type { Services } from './state.ts';

/** The page's state on a real browser. */
export function browserServices(api: LaminaApi): Services {
  return {
    api,
    catalogue: () => fetchCatalogue(document.baseURI),
    storage: pageStorage(),
    secure: isSecureContext,
    persist: async () => navigator.storage?.persist?.(),
    now: () => performance.now(),
    randomSeed: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
    openSink: openArchiveSink,
    reloadPage: () => location.reload(),
  };
}
