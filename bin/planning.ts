import { totalmem } from 'node:os';
import type { Knowledge, PlanOptions } from '../src/engine/plan_model.ts';
import type { Gpu } from '../src/gpu/device.ts';
import type { ModelLayout } from '../src/store/pack_layout.ts';
import type { WeightStore } from '../src/store/weight_store.ts';
import { PACKS } from './model.ts';
import { RecordFolder } from './record_folder.ts';

/** What this machine tells, and what it remembers beside the packs. */
export function knowledge(): Knowledge {
  return { records: new RecordFolder(PACKS), host_bytes: totalmem() };
}

/** A model on this machine, for the planner. */
export function planningOptions(
  gpu: Gpu,
  store: WeightStore,
  model: ModelLayout,
  pack: string | null,
): PlanOptions {
  return { gpu, store, model, pack, ...knowledge() };
}
