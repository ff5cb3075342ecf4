import { type Remote, wrap } from 'comlink';
import type { StoresWorker } from './stores_worker.ts';

declare global {
  interface Window {
    /** A new worker that runs stores. */
    startWorker(): StartedWorker;
  }
}

export interface StartedWorker {
  readonly api: Remote<StoresWorker>;
  terminate(): void;
}

window.startWorker = () => {
  const worker = new Worker(new URL('./stores_worker.ts', import.meta.url), { type: 'module' });
  return { api: wrap<StoresWorker>(worker), terminate: () => worker.terminate() };
};
