import { Slot } from '../engine/slot.ts';
import { Commands } from '../gpu/commands.ts';
import type { Gpu } from '../gpu/device.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { perSecond, type Spread, spreadOf } from '../gpu/spread.ts';
import { StagingRing } from '../gpu/staging_ring.ts';
import { SCRATCH_PACK } from '../store/names.ts';
import type { StoredFile, WeightStore } from '../store/weight_store.ts';
import { writeFileWith } from '../store/write_file.ts';
import { type Follower, step } from './progress.ts';
import type { RingReport, RingResult } from './report.ts';

const MEGABYTE = 2 ** 20;
/** A file that is written for the measurement, and removed after it. */
const SCRATCH_FILE = 'ring.bin';
const FILE_BYTES = 128 * MEGABYTE;
const PIECES = [2, 3, 6];
const PIECE_BYTES = [1, 4, 16].map((megabytes) => megabytes * MEGABYTE);
const REPEATS = 5;

/** Bytes that go into a slot together, as a layer does. */
export interface Stretch {
  readonly file: StoredFile;
  /** Bytes from the start of the file. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * The staging ring alone, with fewer and more, smaller and larger pieces: a file of the store passes through it into
 * a slot.
 * @throws BenchCancelledError, StorageQuotaError
 */
export async function benchRing(
  gpu: Gpu,
  store: WeightStore,
  follower: Follower = {},
): Promise<RingReport> {
  const grid = PIECES.flatMap((pieces) =>
    PIECE_BYTES.map((piece_bytes) => ({ pieces, piece_bytes })),
  );
  const of = grid.length + 1;
  step(follower, { name: 'writing a file', done: 0, of });
  try {
    await writeScratch(store);
    const file = await store.open(SCRATCH_PACK, SCRATCH_FILE);
    try {
      const layer_bytes = Math.max(...PIECE_BYTES);
      const layers = Array.from({ length: FILE_BYTES / layer_bytes }, (_, i) => ({
        file,
        at: i * layer_bytes,
        bytes: layer_bytes,
      }));
      const results: RingResult[] = [];
      for (const [i, ring] of grid.entries()) {
        const name = `${ring.pieces} pieces of ${ring.piece_bytes / MEGABYTE} MiB`;
        step(follower, { name, done: i + 1, of });
        results.push({ ...ring, bytes_rate: await ringRate(gpu, layers, ring) });
      }
      return { store: store.kind, file_bytes: FILE_BYTES, results };
    } finally {
      file.close();
    }
  } finally {
    await store.remove(SCRATCH_PACK);
  }
}

/** Bytes a second that a ring brings to the GPU, one layer after the other. */
export async function ringRate(
  gpu: Gpu,
  layers: readonly Stretch[],
  { pieces, piece_bytes }: { readonly pieces: number; readonly piece_bytes: number },
): Promise<Spread> {
  const ledger = new BufferLedger(gpu.device);
  try {
    const commands = new Commands(gpu.device, Pipelines.of(gpu.device));
    const ring = await StagingRing.create(ledger, pieces, piece_bytes);
    const largest = Math.max(...layers.map(({ bytes }) => bytes));
    const slot = await Slot.create(ledger, ring, 'slot', [largest]);
    let bytes = 0;
    const pass = async (): Promise<number> => {
      const started = performance.now();
      bytes = 0;
      for (const { file, at, bytes: size } of layers) {
        const segments = [{ at, bytes: size, offset: 0 }];
        bytes += await slot.fill(commands, file, {
          chunks: [{ bytes: size, segments }],
          tensors: [],
        });
        commands.submit();
      }
      await gpu.device.queue.onSubmittedWorkDone();
      return (performance.now() - started) / 1000;
    };
    await pass();
    const seconds: number[] = [];
    for (let i = 0; i < REPEATS; i++) seconds.push(await pass());
    return perSecond(bytes, spreadOf(seconds));
  } finally {
    ledger.destroyAll();
  }
}

async function writeScratch(store: WeightStore): Promise<void> {
  const bytes = new Uint8Array(MEGABYTE);
  await writeFileWith(store, SCRATCH_PACK, SCRATCH_FILE, async (writer) => {
    for (let at = 0; at < FILE_BYTES; at += MEGABYTE) {
      // No two alike, for file systems that store equal pieces once.
      crypto.getRandomValues(bytes.subarray(0, 65_536));
      await writer.write(bytes);
    }
  });
}
