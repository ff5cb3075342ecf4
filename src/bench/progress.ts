import { BenchCancelledError } from './errors.ts';

/** How far a benchmark is. */
export interface BenchProgress {
  /** What is being measured. */
  readonly name: string;
  readonly done: number;
  readonly of: number;
}

/** Who follows a benchmark, and may stop it. */
export interface Follower {
  onProgress?(progress: BenchProgress): void;
  readonly signal?: AbortSignal | undefined;
}

/** Before each step. @throws BenchCancelledError */
export function step({ onProgress, signal }: Follower, progress: BenchProgress): void {
  if (signal?.aborted) throw new BenchCancelledError();
  onProgress?.(progress);
}
