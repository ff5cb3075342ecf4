import type { RingSize } from '../plan/rates.ts';
import type { WeightReader } from '../store/weight_store.ts';
import { ringRate, stretchesOf } from './ring_rate.ts';

const MEBIBYTE = 2 ** 20;
/** The rings that are tried, the smallest first. */
const RINGS: readonly RingSize[] = [
  { pieces: 3, piece_bytes: 4 * MEBIBYTE },
  { pieces: 6, piece_bytes: 4 * MEBIBYTE },
  { pieces: 3, piece_bytes: 16 * MEBIBYTE },
  { pieces: 6, piece_bytes: 16 * MEBIBYTE },
];
/** A larger ring must be so much faster to be worth its memory. */
const WORTH = 1.05;
/** What is read into at once. */
const SLOT_BYTES = 32 * MEBIBYTE;
const REPEATS = 3;

/**
 * Finds the staging ring that brings most bytes a second, by reading a file through each of some.
 * @param bytes of a file of the reader's, at least 64 MiB so that a ring goes round
 * @param budget bytes of GPU memory that it may take: of larger rings none is tried, except the smallest
 */
export async function calibrateRing(
  device: GPUDevice,
  reader: WeightReader,
  bytes: number,
  budget: number,
): Promise<RingSize> {
  const file = await reader.open('', '');
  const [smallest, ...larger] = RINGS;
  const fits = ({ pieces, piece_bytes }: RingSize) => pieces * piece_bytes + SLOT_BYTES <= budget;
  const stretches = stretchesOf(file, bytes, SLOT_BYTES);
  // The best run counts: what else the machine does only ever slows one down.
  const rateOf = async (ring: RingSize) => (await ringRate(device, stretches, ring, REPEATS)).max;
  try {
    let best = { ring: smallest!, rate: await rateOf(smallest!) };
    for (const ring of larger.filter(fits)) {
      const rate = await rateOf(ring);
      if (rate > best.rate * WORTH) best = { ring, rate };
    }
    return best.ring;
  } finally {
    file.close();
  }
}
