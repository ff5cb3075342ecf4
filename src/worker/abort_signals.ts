import { type TransferHandler, transferHandlers } from 'comlink';

/**
 * Lets an AbortSignal be an argument of a call to a worker: there it is another one, that is aborted a moment later.
 * Browsers do not send signals themselves.
 */
export function sendAbortSignals(): void {
  transferHandlers.set('abort signal', handler);
}

const handler: TransferHandler<AbortSignal, MessagePort> = {
  canHandle: (value): value is AbortSignal => value instanceof AbortSignal,
  serialize(signal) {
    const { port1, port2 } = new MessageChannel();
    const tell = () => port1.postMessage('aborted');
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
    return [port2, [port2]];
  },
  deserialize(port) {
    const abort = new AbortController();
    port.onmessage = () => {
      abort.abort();
      port.close();
    };
    return abort.signal;
  },
};
