/** Numbers as people read them. Between a number and its unit stands a no-break space. */

const NBSP = '\u00a0';
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in decimal units, as disks and downloads count them: `2.2 MB`, `984 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < BYTE_UNITS.length - 1 && rounded(value, unit) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  return `${rounded(value, unit).toFixed(decimals(value, unit))}${NBSP}${BYTE_UNITS[unit]}`;
}

function decimals(value: number, unit: number): number {
  return unit === 0 || value >= 99.95 ? 0 : 1;
}

function rounded(value: number, unit: number): number {
  return Number(value.toFixed(decimals(value, unit)));
}

export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `13.1`; below one a second with two decimals. */
export function formatRate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 1 ? 2 : perSecond < 99.95 ? 1 : 0);
}

/** `13.1 tokens/s` */
export function formatTokenRate(tokensPerSecond: number): string {
  return `${formatRate(tokensPerSecond)}${NBSP}tokens/s`;
}

/** Milliseconds as a duration: `420 ms`, `1.4 s`, `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}${NBSP}ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}${NBSP}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${NBSP}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes}${NBSP}min`, seconds % 60, 's');
  return withRest(`${Math.floor(minutes / 60)}${NBSP}h`, minutes % 60, 'min');
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest}${NBSP}${unit}`;
}

/** What is left of a transfer, as calm as a forecast should be: `12 s left`, `a few seconds left`. */
export function formatTimeLeft(ms: number): string {
  return `${ms < 5_000 ? 'a few seconds' : formatDuration(Math.ceil(ms / 1000) * 1000)} left`;
}

/** A share from 0 to 1, rounded down so that only what is done says 100 %. */
export function formatPercent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)}${NBSP}%`;
}

/** A small share from 0 to 1 in two digits: `0.54 %`, `7.1 %`, `12 %`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(2))}${NBSP}%`;
}

/** `1 token`, `1,024 tokens`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-GB')}${NBSP}${count === 1 ? singular : plural}`;
}
