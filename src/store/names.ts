import { StoreNameError } from './errors.ts';

/** Ending of files that are still being written; reserved, so that no committed file can have it. */
export const PART_SUFFIX = '.part';

/** Whether a pack or a file may have this name: never a path, never hidden, never half written. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) && !name.endsWith(PART_SUFFIX);
}

/**
 * Checks names before they become paths.
 * @throws StoreNameError
 */
export function checkNames(...names: readonly string[]): void {
  for (const name of names) {
    if (!isName(name)) throw new StoreNameError({ name });
  }
}

/** A pack that is none: it holds what a measurement writes, and is not listed. A model's own id ends in a hash. */
export const SCRATCH_PACK = 'scratch';
