import { wrap } from 'comlink';
import type { ReferenceApi } from './reference_worker.ts';

const worker = new Worker(new URL('./reference_worker.ts', import.meta.url), { type: 'module' });

declare global {
  interface Window {
    reference: ReferenceApi;
  }
}

window.reference = wrap<ReferenceApi>(worker) as unknown as ReferenceApi;
