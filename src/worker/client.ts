import { proxy, type Remote, wrap } from 'comlink';
import { sendAbortSignals } from './abort_signals.ts';
import { WorkerFailedError } from './errors.ts';
import type { LaminaApi } from './protocol.ts';
import { sendTypedErrors } from './wire.ts';

/** Starts the worker. Errors arrive as the classes that they were; when the worker dies, every call is rejected. */
export function createClient(): LaminaApi {
  sendTypedErrors();
  sendAbortSignals();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const remote: Remote<LaminaApi> = wrap<LaminaApi>(worker);
  const died = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(new WorkerFailedError({ reason: message }));
    });
  });
  died.catch(() => undefined);
  const call = <T>(answer: Promise<T>): Promise<T> => Promise.race([answer, died]);
  return {
    environment: () => call(remote.environment()),
    packs: () => call(remote.packs()),
    importChoices: (source, signal) => call(remote.importChoices(source, signal)),
    importModel: (source, onProgress, quantize, signal) =>
      call(remote.importModel(source, proxy(onProgress), quantize, signal)),
    removePack: (pack) => call(remote.removePack(pack)),
    verifyPack: (pack, onProgress, signal) =>
      call(remote.verifyPack(pack, proxy(onProgress), signal)),
    exportPack: (pack, onPart, signal) => call(remote.exportPack(pack, proxy(onPart), signal)),
    load: (pack, onProgress, options) => call(remote.load(pack, proxy(onProgress), options)),
    setResidency: (options) => call(remote.setResidency(options)),
    plan: (model, request) => call(remote.plan(model, request)),
    chat: (messages, options, onEvent) => call(remote.chat(messages, options, proxy(onEvent))),
    diagnose: (onProgress, parts) => call(remote.diagnose(proxy(onProgress), parts)),
    stop: () => call(remote.stop()),
    deviceLost: () => call(remote.deviceLost()),
  };
}
