/** How far an import or a verification is. */
export interface ImportProgress {
  readonly phase: 'verifying' | 'importing';
  /** The file at hand: `layer-007.bin`. */
  readonly file: string;
  readonly filesDone: number;
  readonly files: number;
  /** Bytes of the pack that are on disk and verified; those of the file at hand are counted as they come. */
  readonly bytesDone: number;
  readonly bytes: number;
}

export type OnProgress = (progress: ImportProgress) => void;

const MOST_PER_SECOND = 20;

/** Counts files and bytes, and tells at most 20 times a second, and at the end of every file. */
export class ProgressMeter {
  phase: ImportProgress['phase'];
  private readonly onProgress: OnProgress;
  private readonly files: number;
  private readonly bytes: number;
  private file = '';
  private filesDone = 0;
  private bytesDone = 0;
  private told = Number.NEGATIVE_INFINITY;

  constructor(
    phase: ImportProgress['phase'],
    files: readonly { readonly bytes: number }[],
    onProgress: OnProgress = () => undefined,
  ) {
    this.phase = phase;
    this.files = files.length;
    this.bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.onProgress = onProgress;
  }

  begin(file: string): void {
    this.file = file;
  }

  add(bytes: number): void {
    this.bytesDone += bytes;
    if (performance.now() - this.told >= 1000 / MOST_PER_SECOND) this.tell();
  }

  /** A file is whole. */
  end(): void {
    this.filesDone += 1;
    this.tell();
  }

  /** A file is not whole: what was added for it does not count. */
  drop(bytes: number): void {
    this.bytesDone -= bytes;
    this.tell();
  }

  tell(): void {
    this.told = performance.now();
    const { phase, file, filesDone, files, bytesDone, bytes } = this;
    this.onProgress({ phase, file, filesDone, files, bytesDone, bytes });
  }
}
