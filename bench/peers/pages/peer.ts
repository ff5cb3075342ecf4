/** One run of a model, asked of a page. */
export interface Request {
  /** Goes to the model as it is, without a chat template. */
  readonly prompt: string;
  /** As many are generated, greedily, whatever the model says. */
  readonly tokens: number;
}

export interface LoadReport {
  /** Milliseconds until all bytes are in this browser. */
  readonly fetchMs: number;
  /** Milliseconds from there until the model can answer. */
  readonly initMs: number;
  readonly totalMs: number;
}

export interface Run {
  /** Milliseconds from the request to the first token, as the page sees it. */
  readonly ttftMs: number;
  /** Milliseconds from the first token to the last. */
  readonly decodeMs: number;
  /** Tokens that were seen. */
  readonly chunks: number;
  readonly totalMs: number;
  readonly text: string;
  /** The runtime's own figures, where it has any. */
  readonly timings: unknown;
}

/** What the driver asks of a page that runs some runtime: `window.peer`, there once `window.peerReady` is true. */
export interface Peer {
  /** The browser, its adapter and the runtime. */
  env(): Promise<object>;
  /** @param request.options what the configuration says, for the runtime */
  load(request: { readonly modelUrl: string; readonly options: object }): Promise<LoadReport>;
  generate(request: Request): Promise<Run>;
  /** The same run untimed: which tokens it gives. */
  tokenIds(request: Request): Promise<{ readonly ids: number[]; readonly text: string }>;
  countTokens(request: Pick<Request, 'prompt'>): Promise<number>;
  exit(): Promise<void>;
  /** What the runtime said. */
  log(): string[];
}

declare global {
  interface Window {
    peer: Peer;
    peerReady: boolean;
  }
}

export function offer(peer: Peer): void {
  window.peer = peer;
  window.peerReady = true;
}

/** What every page says of its browser. */
export async function browserFacts(): Promise<object> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return {
    userAgent: navigator.userAgent,
    crossOriginIsolated,
    hardwareConcurrency: navigator.hardwareConcurrency,
    adapter: adapter ? { vendor, architecture, device, description } : null,
    features: adapter ? [...adapter.features].toSorted() : [],
  };
}

/** Takes the time of a load: `fetched` when all bytes are there, `ready` at the end. */
export function timeLoad() {
  const started = performance.now();
  let fetchedAt = started;
  return {
    fetched(): void {
      fetchedAt = performance.now();
    },
    ready(): LoadReport {
      const now = performance.now();
      return { fetchMs: fetchedAt - started, initMs: now - fetchedAt, totalMs: now - started };
    },
  };
}

/** Takes the times of a run: `token` at each token, `end` after the last. */
export function timeRun() {
  const started = performance.now();
  const marks: number[] = [];
  return {
    token(): void {
      marks.push(performance.now());
    },
    end(text: string, timings: unknown = null): Run {
      const first = marks[0] ?? Number.NaN;
      return {
        ttftMs: first - started,
        decodeMs: (marks.at(-1) ?? Number.NaN) - first,
        chunks: marks.length,
        totalMs: performance.now() - started,
        text,
        timings,
      };
    },
  };
}
