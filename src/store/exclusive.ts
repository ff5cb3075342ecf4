import { StoreLockedError } from './errors.ts';
import { JOURNAL_FILE } from './journal.ts';

/**
 * Runs `work` while no other tab runs work of the same pack. Where the platform has no Web Locks (Node),
 * it just runs: files there are replaced whole, whoever comes last.
 * @throws StoreLockedError at once when another tab is at it.
 */
export async function exclusive<T>(pack: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return work();
  return locks.request(`lamina-import/${pack}`, { ifAvailable: true }, (lock) => {
    if (!lock) throw new StoreLockedError({ pack, file: JOURNAL_FILE });
    return work();
  });
}
