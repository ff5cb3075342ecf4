import { HashThreadError } from './errors.ts';

/** The first `length` bytes of `buffer` are to be hashed. */
export interface HashJob {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

export interface HashResult {
  /** That of the job. */
  readonly buffer: ArrayBuffer;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * A thread that computes SHA-256, one job at a time; the buffer is moved to it and back, not copied. Platforms do not
 * hash beside the thread that asks: Chromium's `crypto.subtle.digest` runs in it, Node's copies the bytes first.
 */
export class HashThread {
  private readonly port: Port;
  private settle: { resolve(result: HashResult): void; reject(error: unknown): void } | null = null;
  private failure: HashThreadError | null = null;

  constructor() {
    this.port = openPort(
      (result) => this.settle?.resolve(result),
      (reason) => {
        this.failure = new HashThreadError({ reason });
        this.settle?.reject(this.failure);
      },
    );
  }

  /** @throws HashThreadError */
  hash(job: HashJob): Promise<HashResult> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.port.postMessage(job, [job.buffer]);
    });
  }

  /** A job that is under way never ends. */
  close(): void {
    this.port.terminate();
  }
}

interface Port {
  postMessage(job: HashJob, transfer: ArrayBuffer[]): void;
  terminate(): unknown;
}

type OpenPort = (
  onResult: (result: HashResult) => void,
  onFailure: (reason: string) => void,
) => Port;

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');

const openPort: OpenPort = threads ? nodePort(threads) : webPort;

function webPort(...[onResult, onFailure]: Parameters<OpenPort>): Port {
  const worker = new Worker(new URL('./hash_worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<HashResult>) => onResult(data));
  worker.addEventListener('error', ({ message }) => onFailure(message || 'it did not start'));
  return worker;
}

/** Plain JavaScript: threads of Node 20 do not take TypeScript. */
const NODE_THREAD = `
  const { createHash } = require('node:crypto');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ buffer, length }) => {
    const sha256 = createHash('sha256').update(new Uint8Array(buffer, 0, length)).digest('hex');
    parentPort.postMessage({ buffer, sha256 }, [buffer]);
  });`;

function nodePort({ Worker }: NonNullable<typeof threads>): OpenPort {
  return (onResult, onFailure) => {
    const worker = new Worker(NODE_THREAD, { eval: true });
    worker.on('message', onResult);
    worker.on('error', (error) => onFailure(error.message));
    return worker;
  };
}
