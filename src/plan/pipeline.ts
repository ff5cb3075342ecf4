/** One step of a pass: what is read for it, then what is computed. Seconds. */
export interface PipelineStep {
  /** Of each piece; empty when nothing is read. */
  readonly reads: readonly number[];
  readonly compute: number;
}

/** Both at work on the same memory and cores. */
export interface PipelineLimits {
  /** Pieces that the staging ring has: so far may reading be ahead of computing. */
  readonly pieces: number;
  /** As in `ModelRates`. */
  readonly slowdown: number;
}

/**
 * Seconds from the first read to the end of the last computation. One reader fills the ring's pieces in order, one
 * GPU works through the steps in order: a step begins when its pieces are read, and frees them.
 */
export function pipelineSeconds(
  steps: readonly PipelineStep[],
  { pieces, slowdown }: PipelineLimits,
): number {
  const reads = steps.flatMap((step) => step.reads);
  /** Pieces that have to be read before each step begins. */
  const needed: number[] = [];
  for (const step of steps) needed.push((needed.at(-1) ?? 0) + step.reads.length);
  let seconds = 0;
  let read = 0;
  let reading_left = reads[0] ?? 0;
  for (let step = 0; step < steps.length; ) {
    let computing_left = steps[step]!.compute;
    for (let begun = false; ; ) {
      begun ||= read >= needed[step]!;
      const freed = Math.min(read, needed[step]!);
      const reading = read < reads.length && read - freed < pieces;
      if (begun && computing_left <= 0) break;
      const speed = begun && reading ? 1 / (1 + slowdown) : 1;
      const next = Math.min(
        reading ? reading_left : Number.POSITIVE_INFINITY,
        begun ? computing_left : Number.POSITIVE_INFINITY,
      );
      seconds += next / speed;
      if (begun) computing_left -= next;
      if (reading) reading_left -= next;
      if (reading && reading_left <= 0) {
        read++;
        reading_left = reads[read] ?? 0;
      }
    }
    step++;
  }
  return seconds;
}

/** Seconds that each pass takes where one follows the other without a wait. */
export function steadySeconds(steps: readonly PipelineStep[], limits: PipelineLimits): number {
  const three = pipelineSeconds([...steps, ...steps, ...steps], limits);
  return (three - pipelineSeconds(steps, limits)) / 2;
}

/** Beyond this the pipeline would be slower than one thing after the other; a measurement that says so is noise. */
const MOST_SLOWDOWN = 1;

/**
 * The slowdown with which the pipeline takes as long as was measured.
 * @param measured_seconds of each of many passes, one after the other without a wait
 */
export function fitSlowdown(
  steps: readonly PipelineStep[],
  pieces: number,
  measured_seconds: number,
): number {
  let low = 0;
  let high = MOST_SLOWDOWN;
  for (let i = 0; i < 30; i++) {
    const slowdown = (low + high) / 2;
    if (steadySeconds(steps, { pieces, slowdown }) < measured_seconds) low = slowdown;
    else high = slowdown;
  }
  return (low + high) / 2;
}
