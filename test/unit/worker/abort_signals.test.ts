import { expose, wrap } from 'comlink';
import { expect, test } from 'vitest';
import { sendAbortSignals } from '../../../src/worker/abort_signals.ts';

sendAbortSignals();

/** Two sides that can only send messages to each other. */
function overChannel<T extends object>(api: T) {
  const { port1, port2 } = new MessageChannel();
  expose(api, port2);
  port2.start();
  return wrap<T>(port1);
}

const remote = overChannel({
  async wait(signal: AbortSignal): Promise<string> {
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
    return signal.reason.name;
  },
  async takes(signal?: AbortSignal): Promise<boolean | undefined> {
    return signal?.aborted;
  },
});

test('a signal that goes along with a call is aborted on the other side', async () => {
  const abort = new AbortController();
  const waited = remote.wait(abort.signal);
  abort.abort();
  expect(await waited).toBe('AbortError');
});

test('also one that was aborted before', async () => {
  expect(await remote.wait(AbortSignal.abort())).toBe('AbortError');
});

test('one that is not aborted, or none, stays so', async () => {
  expect(await remote.takes(new AbortController().signal)).toBe(false);
  expect(await remote.takes()).toBeUndefined();
});
