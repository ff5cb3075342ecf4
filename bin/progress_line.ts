import type { ImportProgress } from '../src/store/progress.ts';

const EVERY_MS = 200;
const QUIET_MS = 1000;

const VERBS = { verifying: 'Verifying', importing: 'Importing' } as const;

/** One line on the terminal that says how far something is; silent if that is soon done, or nobody looks. */
export class ProgressLine {
  private readonly started = performance.now();
  private shownAt = 0;
  private shown = false;

  readonly transfer = ({ phase, file, bytesDone, bytes }: ImportProgress): void => {
    const megabytes = (count: number) => (count / 1e6).toFixed(1);
    this.show(`${VERBS[phase]} ${file} ${megabytes(bytesDone)} of ${megabytes(bytes)} MB`);
  };

  show(text: string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.started < QUIET_MS) return;
    if (now - this.shownAt < EVERY_MS) return;
    this.shownAt = now;
    this.shown = true;
    process.stderr.write(`\r\x1b[K${text}`);
  }

  end(): void {
    if (this.shown) process.stderr.write('\r\x1b[K');
    this.shown = false;
  }
}
