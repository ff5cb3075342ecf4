import type { ImportProgress } from '../worker/protocol.ts';

/** An import or a verification as the page shows it. */
export interface Transfer extends ImportProgress {
  /** Bytes per second over the last seconds; null until there is something to measure. */
  readonly bytesPerSecond: number | null;
  /** Milliseconds; null while the rate is not known. */
  readonly timeLeft: number | null;
}

/** Long enough to be calm, short enough to follow a network that changes. */
const WINDOW_MS = 5_000;
const SHORTEST_MS = 500;

/** Turns reports of progress into a rate and the time that is left. */
export function createTransferMeter(now: () => number): (progress: ImportProgress) => Transfer {
  let samples: { at: number; bytes: number }[] = [];
  let phase: ImportProgress['phase'] | null = null;
  return (progress) => {
    const at = now();
    const last = samples.at(-1);
    // Files found whole on the disk, or thrown away, are no transfer: begin to measure again.
    if (progress.phase !== phase || (last && progress.bytesDone < last.bytes)) samples = [];
    phase = progress.phase;
    samples.push({ at, bytes: progress.bytesDone });
    samples = samples.filter((sample) => at - sample.at <= WINDOW_MS);
    const first = samples[0]!;
    const elapsed = at - first.at;
    const moved = progress.bytesDone - first.bytes;
    const known = elapsed >= SHORTEST_MS && moved > 0;
    const bytesPerSecond = known ? (moved / elapsed) * 1000 : null;
    const left = Math.max(0, progress.bytes - progress.bytesDone);
    const timeLeft = bytesPerSecond === null ? null : (left / bytesPerSecond) * 1000;
    return { ...progress, bytesPerSecond, timeLeft };
  };
}
