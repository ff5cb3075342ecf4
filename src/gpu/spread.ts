/** A figure of several runs. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = (sorted[half]! + sorted[sorted.length - 1 - half]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** `amount` a second, where it took so many seconds. */
export function perSecond(amount: number, { median, min, max }: Spread): Spread {
  return { median: amount / median, min: amount / max, max: amount / min };
}
