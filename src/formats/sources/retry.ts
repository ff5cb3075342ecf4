import { SourceHttpError, SourceNetworkError, SourceTruncatedError } from '../errors.ts';

const ATTEMPTS = 5;
/** A server that wants a longer pause than this will not get another request. */
const LONGEST_PAUSE_MS = 30_000;

/**
 * Makes up to five attempts, with pauses of `pauseMs`, twice, four and eight times as long, or as long as the server
 * wants. Only what may be gone the next time is tried again: no connection, a broken one, status 429 or 5xx.
 *
 * @throws What the last attempt threw, the signal's reason when aborted.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  pauseMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const pause = Math.max(pauseMs * 2 ** (failed - 1), wantedPauseMs(error));
      if (failed === ATTEMPTS || !mayPass(error) || pause > LONGEST_PAUSE_MS) throw error;
      await sleep(pause, signal);
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof SourceHttpError) {
    const { status } = error.details;
    return status === 429 || (status as number) >= 500;
  }
  return error instanceof SourceNetworkError || error instanceof SourceTruncatedError;
}

function wantedPauseMs(error: unknown): number {
  return error instanceof SourceHttpError ? Number(error.details.retryAfter ?? 0) * 1000 : 0;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
