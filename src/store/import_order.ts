import type { PlannedFile } from './pack_layout.ts';
import type { ByteRange } from './read_ahead.ts';
import { rangesOf } from './weight_file.ts';

/** Files in the order of their bytes in the source, as far as that goes, so that a source's hash can follow: layers are not in the order of numbers in all checkpoints. */
export function inSourceOrder(files: readonly PlannedFile[]): PlannedFile[] {
  const firstRange = (file: PlannedFile) => rangesOf(file).next().value!;
  const sources = [...new Set(files.map((file) => firstRange(file).source))];
  sources.sort((a, b) => (a.name < b.name ? -1 : 1));
  const place = (file: PlannedFile): [source: number, offset: number] => {
    const { source, offset } = firstRange(file);
    return [sources.indexOf(source), offset];
  };
  return files.toSorted((a, b) => {
    const [[sourceA, offsetA], [sourceB, offsetB]] = [place(a), place(b)];
    return sourceA - sourceB || offsetA - offsetB;
  });
}

/** What is read for files, one after the other. */
export function rangesOfAll(files: readonly PlannedFile[]): ByteRange[] {
  return files.flatMap((file) => [...rangesOf(file)]);
}
