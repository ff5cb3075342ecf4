import { Commands } from '../gpu/commands.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { perSecond, type Spread, spreadOf } from '../gpu/spread.ts';
import { StagingRing } from '../gpu/staging_ring.ts';
import type { RingSize } from '../plan/rates.ts';
import type { StoredFile } from '../store/weight_store.ts';
import { Slot } from './slot.ts';

/** Bytes that go into a slot together, as a layer does. */
export interface Stretch {
  readonly file: StoredFile;
  /** Bytes from the start of the file. */
  readonly at: number;
  readonly bytes: number;
}

/** The first `bytes` of a file in stretches of at most `most`. */
export function stretchesOf(file: StoredFile, bytes: number, most: number): Stretch[] {
  return Array.from({ length: Math.ceil(bytes / most) }, (_, i) => ({
    file,
    at: i * most,
    bytes: Math.min(most, bytes - i * most),
  }));
}

/** Bytes a second that a staging ring brings to the GPU, one stretch after the other; a first pass warms up. */
export async function ringRate(
  device: GPUDevice,
  stretches: readonly Stretch[],
  { pieces, piece_bytes }: RingSize,
  repeats: number,
): Promise<Spread> {
  const ledger = new BufferLedger(device);
  try {
    const commands = new Commands(device, Pipelines.of(device));
    const ring = await StagingRing.create(ledger, pieces, piece_bytes);
    const largest = Math.max(...stretches.map(({ bytes }) => bytes));
    const slot = await Slot.create(ledger, ring, 'slot', [largest]);
    let bytes = 0;
    const pass = async (): Promise<number> => {
      const started = performance.now();
      bytes = 0;
      for (const { file, at, bytes: size } of stretches) {
        const segments = [{ at, bytes: size, offset: 0 }];
        bytes += await slot.fill(commands, file, {
          chunks: [{ bytes: size, segments }],
          tensors: [],
        });
        commands.submit();
      }
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - started) / 1000;
    };
    await pass();
    const seconds: number[] = [];
    for (let i = 0; i < repeats; i++) seconds.push(await pass());
    return perSecond(bytes, spreadOf(seconds));
  } finally {
    ledger.destroyAll();
  }
}
