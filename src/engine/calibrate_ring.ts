import { Commands } from '../gpu/commands.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { StagingRing } from '../gpu/staging_ring.ts';
import type { RingSize } from '../plan/rates.ts';
import type { WeightReader } from '../store/weight_store.ts';
import { Slot } from './slot.ts';
import { secondsWhole } from './stopwatch.ts';

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
  const commands = new Commands(device, new Pipelines(device));
  const file = await reader.open('', '');
  const ledger = new BufferLedger(device);
  const [smallest, ...larger] = RINGS;
  const fits = ({ pieces, piece_bytes }: RingSize) => pieces * piece_bytes + SLOT_BYTES <= budget;
  let best: { ring: RingSize; seconds: number } | null = null;
  try {
    for (const size of [smallest!, ...larger.filter(fits)]) {
      const ring = await StagingRing.create(ledger, size.pieces, size.piece_bytes);
      const slot = await Slot.create(ledger, ring, 'calibration', [SLOT_BYTES]);
      const seconds = await secondsWhole(async () => {
        for (let at = 0; at + SLOT_BYTES <= bytes; at += SLOT_BYTES) {
          const segments = [{ at, bytes: SLOT_BYTES, offset: 0 }];
          await slot.fill(commands, file, {
            chunks: [{ bytes: SLOT_BYTES, segments }],
            tensors: [],
          });
          commands.submit();
        }
        await device.queue.onSubmittedWorkDone();
      });
      ledger.destroyAll();
      if (!best || seconds * WORTH < best.seconds) best = { ring: size, seconds };
    }
  } finally {
    ledger.destroyAll();
    file.close();
  }
  return best!.ring;
}
