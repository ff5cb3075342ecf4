import { StorageQuotaError } from './errors.ts';

/** What Chromium tells every page to be free, whatever is: a page shall not know a disk by its size. */
const CHROMIUM_SAYS = 10 * 2 ** 30;

/** Bytes that the browser still lets this origin write; null when it does not say. */
export async function availableStorage(): Promise<number | null> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  if (quota === undefined || usage === undefined) return null;
  const free = Math.max(0, quota - usage);
  return free === CHROMIUM_SAYS ? null : free;
}

/** StorageQuotaError for a browser's QuotaExceededError; any other error is given back as it is. */
export async function orQuotaError(error: unknown, needed: number): Promise<unknown> {
  return (error as Error | null)?.name === 'QuotaExceededError'
    ? new StorageQuotaError({ needed, available: await availableStorage() })
    : error;
}
