const EVERY_MS = 200;
const EVERY_MS_IN_A_LOG = 5_000;

/**
 * Says what is going on: on standard error, since standard output is for the address, the answer and the counts.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Says how far something is: on one line that is written over, or, where nobody looks, on a new one now and then.
 * @returns {{ show(text: string): void, end(): void }}
 */
export function progressLine() {
  const { isTTY } = process.stderr;
  let shownAt = performance.now();
  let open = false;
  return {
    show(text) {
      const now = performance.now();
      if (now - shownAt < (isTTY ? EVERY_MS : EVERY_MS_IN_A_LOG)) return;
      shownAt = now;
      open = isTTY;
      process.stderr.write(isTTY ? `\r\x1b[K  ${text}` : `  ${text}\n`);
    },
    end() {
      if (open) process.stderr.write('\r\x1b[K');
      open = false;
    },
  };
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * How much of something is done.
 * @param {number} done bytes
 * @param {number} total bytes; 0: unknown
 */
export function share(done, total) {
  if (total === 0) return megabytes(done);
  const percent = Math.floor((done / total) * 100);
  return `${megabytes(done)} of ${megabytes(total)}, ${percent} %`;
}
