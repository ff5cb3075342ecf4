import { createStore, get, set } from 'idb-keyval';
import type { Knowledge } from '../engine/plan_model.ts';

/**
 * What this browser tells and remembers. Its measurements are in IndexedDB, of which they need a few kilobytes; where
 * there is none, they are made again in the next session.
 */
export function browserKnowledge(): Knowledge {
  const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
  const store = createStore('lamina-measurements', 'records');
  return {
    records: {
      async read(name) {
        const text = await get<unknown>(name, store).catch(() => null);
        return typeof text === 'string' ? text : null;
      },
      write: (name, text) => set(name, text, store).catch(() => undefined),
    },
    host_bytes: deviceMemory === undefined ? null : deviceMemory * 2 ** 30,
  };
}
