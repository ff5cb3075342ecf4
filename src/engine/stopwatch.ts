/** A run lasts at least so long before it counts: below, the clock and the first submission weigh too much. */
const LEAST_SECONDS = 0.02;
const MOST_TIMES = 4096;
/** Runs of each kind: at least so many, and more while they take less than so long together. */
const LEAST_REPEATS = 2;
const MOST_REPEATS = 6;
const REPEAT_SECONDS = 0.2;
/** Warm is what takes as long in one round as in the round before, within this share. */
const WARM_SHARE = 0.05;
const ROUND_SECONDS = 0.1;

/**
 * Seconds that doing something once more takes. What is short is done many times, and the difference to once counts,
 * so that what every run costs (a submission, a wait) does not.
 * @param run does it so many times, and ends when all of it is done
 */
export async function secondsEach(run: (times: number) => Promise<unknown>): Promise<number> {
  await run(1);
  const few = await fastest(() => run(1));
  if (few >= LEAST_SECONDS) return few;
  let times = 2;
  while ((await secondsOf(() => run(times))) < few + LEAST_SECONDS && times < MOST_TIMES) {
    times *= 2;
  }
  const many = await fastest(() => run(times));
  return more(many, few) / (times - 1);
}

/** What `whole` takes more than a part of it; where other work on the machine hides the difference, all of it. */
export function more(whole: number, part: number): number {
  return whole > part ? whole - part : whole;
}

/** Seconds that something takes with all that it costs. */
export async function secondsWhole(run: () => Promise<unknown>): Promise<number> {
  await run();
  return fastest(run);
}

/**
 * Does something, at least once, until it no longer becomes faster or a time is over: a GPU that had nothing to do
 * begins with slow clocks.
 */
export async function warmUp(run: () => Promise<unknown>, limit_seconds: number): Promise<void> {
  let before = 0;
  for (let spent = 0; spent < limit_seconds; ) {
    let runs = 0;
    let seconds = 0;
    for (; seconds < ROUND_SECONDS; runs++) seconds += await secondsOf(run);
    const each = seconds / runs;
    if (Math.abs(each - before) <= WARM_SHARE * before) return;
    before = each;
    spent += seconds;
  }
}

/** The shortest of several runs: what else the machine does only ever adds. */
async function fastest(run: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  let spent = 0;
  while (all.length < LEAST_REPEATS || (spent < REPEAT_SECONDS && all.length < MOST_REPEATS)) {
    const seconds = await secondsOf(run);
    all.push(seconds);
    spent += seconds;
  }
  return Math.min(...all);
}

async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
