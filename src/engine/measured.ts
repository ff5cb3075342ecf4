import type { JsonValue } from '../formats/json_value.ts';
import { sha256 } from '../formats/sha256.ts';
import type { Gpu } from '../gpu/device.ts';
import { ALL_TEXTS } from '../gpu/module_text.ts';
import type { RingSize } from '../plan/rates.ts';
import { type RecordStore, readRates, readRing, recall, remember } from '../plan/records.ts';
import type { ModelLayout } from '../store/pack_layout.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { calibrateRing } from './calibrate_ring.ts';
import { type Rehearsed, rehearseModel } from './rehearsal.ts';
import { createScratch } from './scratch.ts';

const MEBIBYTE = 2 ** 20;
/** A scratch file of this size is read for choosing a ring, or of the second where the disk has no more room. */
const SCRATCH_BYTES = 128 * MEBIBYTE;
const LEAST_SCRATCH_BYTES = 64 * MEBIBYTE;

export interface MeasuredOptions {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  readonly model: ModelLayout;
  /** The model's pack; null: it is not imported, and a scratch file is read instead. */
  readonly pack: string | null;
  readonly records: RecordStore;
}

export interface Measured extends Rehearsed {
  readonly ring: RingSize;
}

/** What earlier measurements on this adapter and store say of a model's shape; null when there are none. */
export async function measuredBefore(options: MeasuredOptions): Promise<Measured | null> {
  const { records } = options;
  const ring = await recall(records, await ringRecord(options), readRing);
  const rehearsed = await recall(records, await modelRecord(options), readRehearsed);
  return ring && rehearsed && { ring, ...rehearsed };
}

/**
 * The same, and what is not known is measured and remembered: a few seconds once for an adapter, and once for a shape.
 * @param budget bytes of GPU memory that measuring may take
 * @param anew measures the model even if it is known
 * @throws NoScratchSpaceError, and the engine's errors
 */
export async function measure(
  options: MeasuredOptions,
  budget: number,
  anew = false,
): Promise<Measured> {
  const { gpu, store, model, pack, records } = options;
  const known = await recall(records, await ringRecord(options), readRing);
  const before = anew ? null : await recall(records, await modelRecord(options), readRehearsed);
  if (known && before) return { ring: known, ...before };
  const scratch =
    known && pack !== null ? null : await createScratch(store, SCRATCH_BYTES, LEAST_SCRATCH_BYTES);
  try {
    const ring =
      known ?? (await calibrateRing(gpu.device, scratch!.reader, scratch!.bytes, budget));
    if (!known) await remember(records, await ringRecord(options), ring);
    const reader = pack === null ? scratch!.reader : store;
    const measured = await rehearseModel({ gpu, model, reader, pack: pack ?? '', ring, budget });
    await remember(records, await modelRecord(options), measured);
    return { ring, ...measured };
  } finally {
    await scratch?.remove();
  }
}

/** Which kernels a device has is asked when they run: a name that it does not know counts for nothing. */
export function readRehearsed(value: JsonValue): Rehearsed {
  const choices = value.get('choices');
  return {
    rates: readRates(value.get('rates')),
    choices: Object.fromEntries(choices.keys().map((key) => [key, choices.get(key).string()])),
  };
}

const ringRecord = ({ gpu, store }: MeasuredOptions): Promise<string> =>
  nameOf('ring', [gpu.adapter, store.kind]);

/** Other kernels, another adapter, another store or another shape: another record. */
function modelRecord({ gpu, store, model }: MeasuredOptions): Promise<string> {
  const { config, embedding, layers, head } = model;
  const files = [embedding, ...layers, head].map(({ tensors }) =>
    tensors.map(({ name, type, shape }) => [name, type, shape]),
  );
  const { adapter, subgroup_size, packed_dots, subgroup_matrices } = gpu;
  const device = [adapter, subgroup_size, packed_dots, subgroup_matrices];
  return nameOf('model', [store.kind, device, config, files, ALL_TEXTS]);
}

async function nameOf(kind: string, of: unknown): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(JSON.stringify(of)));
  return `${kind}-${hash.slice(0, 32)}`;
}
