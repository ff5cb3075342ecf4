import type { Checkpoint } from '../formats/checkpoint.ts';
import { perSecond, spreadOf } from '../gpu/spread.ts';
import { importPack } from '../store/importer.ts';
import { SCRATCH_PACK } from '../store/names.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { type Follower, step } from './progress.ts';
import type { ImportReport } from './report.ts';

const REPEATS = 3;

/**
 * How fast a checkpoint becomes a pack.
 * @throws BenchCancelledError, and what `importPack` throws
 */
export async function benchImport(
  checkpoint: Checkpoint,
  store: WeightStore,
  follower: Follower = {},
): Promise<ImportReport> {
  const { source } = checkpoint;
  const seconds: number[] = [];
  try {
    for (let run = 0; run < REPEATS; run++) {
      step(follower, { name: `importing ${source.name}`, done: run, of: REPEATS });
      await store.remove(SCRATCH_PACK);
      const started = performance.now();
      await importPack({ checkpoint, store, pack: SCRATCH_PACK });
      seconds.push((performance.now() - started) / 1000);
    }
  } finally {
    await store.remove(SCRATCH_PACK);
  }
  return {
    source: source.name,
    source_bytes: source.size,
    store: store.kind,
    bytes_rate: perSecond(source.size, spreadOf(seconds)),
  };
}
