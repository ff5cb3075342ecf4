import { wrap } from 'comlink';
import type { ArchitecturesApi } from './architectures_worker.ts';

const worker = new Worker(new URL('./architectures_worker.ts', import.meta.url), {
  type: 'module',
});

declare global {
  interface Window {
    architectures: ArchitecturesApi;
  }
}

window.architectures = wrap<ArchitecturesApi>(worker) as unknown as ArchitecturesApi;
