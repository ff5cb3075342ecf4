import { StorageQuotaError } from './errors.ts';

/** Bytes that the browser still lets this origin write; null when it does not say. */
export async function availableStorage(): Promise<number | null> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}

/** StorageQuotaError for a browser's QuotaExceededError; any other error is given back as it is. */
export async function orQuotaError(error: unknown, needed: number): Promise<unknown> {
  return (error as Error | null)?.name === 'QuotaExceededError'
    ? new StorageQuotaError({ needed, available: await availableStorage() })
    : error;
}
