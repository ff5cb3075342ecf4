import { LaminaError } from '../../errors.ts';
import { SourceNetworkError } from '../errors.ts';

/** A file on a server, and how to ask for it. */
export interface Server {
  readonly url: string;
  readonly fetch: typeof fetch;
  /** A connection that brings no byte for so many milliseconds counts as broken. */
  readonly stallMs: number;
  /** Whom the server takes us for. `fetch` keeps it from any other origin that it is redirected to. */
  readonly token?: string | undefined;
}

/**
 * One request.
 * @param receive Takes the answer, and calls `onAlive` whenever bytes have come.
 * @throws SourceNetworkError when there is no answer or it breaks off; what `receive` throws on purpose; the signal's
 * reason when aborted.
 */
export async function request<T>(
  { url, fetch, stallMs, token }: Server,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  receive: (response: Response, onAlive: () => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), stallMs);
  };
  try {
    onAlive();
    const response = await fetch(url, {
      headers: { ...headers, ...(token && { Authorization: `Bearer ${token}` }) },
      // The browser's cache would store the model a second time.
      cache: 'no-store',
      signal: AbortSignal.any(signal ? [signal, stalled.signal] : [stalled.signal]),
    });
    return await receive(response, onAlive);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof LaminaError) throw error;
    const reason = stalled.signal.aborted ? `no byte came for ${stallMs} ms` : reasonOf(error);
    throw new SourceNetworkError({ source: url, reason }, error);
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` in Node hides what happened in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}
