import { SCRATCH_PACK } from '../store/names.ts';
import type { StoredFile, WeightReader, WeightStore } from '../store/weight_store.ts';
import { writeFileWith } from '../store/write_file.ts';
import { NoScratchSpaceError } from './errors.ts';

const FILE = 'scratch.bin';
const WRITE_BYTES = 2 ** 20;
/** What a scratch file leaves free on the disk. */
const SPARED_BYTES = 64 * 2 ** 20;

/** A file in a store that means nothing, for measuring how fast it is read. */
export interface Scratch {
  readonly bytes: number;
  /** Every file that it opens lies in the scratch file, one behind the other and over again. */
  readonly reader: WeightReader;
  remove(): Promise<void>;
}

/**
 * @param bytes that it should have; `least` will do where the disk has less room
 * @param fill changes each piece of zeros, up to 1 MiB, before it is written
 * @throws NoScratchSpaceError, StorageQuotaError
 */
export async function createScratch(
  store: WeightStore,
  bytes: number,
  least: number,
  fill: (piece: Uint8Array<ArrayBuffer>) => void = () => undefined,
): Promise<Scratch> {
  const available = (await store.available()) ?? Number.POSITIVE_INFINITY;
  const size = Math.min(bytes, Math.max(0, available - SPARED_BYTES));
  if (size < least) throw new NoScratchSpaceError({ needed: least + SPARED_BYTES, available });
  await writeFileWith(store, SCRATCH_PACK, FILE, async (writer) => {
    const piece = new Uint8Array(WRITE_BYTES);
    for (let done = 0; done < size; done += piece.length) {
      fill(piece);
      await writer.write(piece.subarray(0, Math.min(piece.length, size - done)));
    }
  });
  let next = 0;
  const reader: WeightReader = {
    async open() {
      const file = await store.open(SCRATCH_PACK, FILE);
      const first = next;
      next += least;
      return windowOf(file, first);
    },
  };
  return { bytes: size, reader, remove: () => store.remove(SCRATCH_PACK) };
}

/** A file that begins somewhere in another one and goes on at its start. */
function windowOf(file: StoredFile, first: number): StoredFile {
  return {
    size: file.size,
    read: (into, at) => {
      const begin = (first + at) % file.size;
      return file.read(into, begin + into.length <= file.size ? begin : 0);
    },
    close: () => file.close(),
  };
}
