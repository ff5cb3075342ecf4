import type { Measured } from '../engine/measured.ts';
import type { BlockTypeName } from '../formats/block_types.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { LedgerEntry, Purpose } from '../gpu/ledger.ts';
import type { DeviceRates } from '../gpu/rates.ts';
import type { Spread } from '../gpu/spread.ts';
import type { TimingMethod } from '../gpu/timer.ts';
import type { Prediction } from '../plan/predict.ts';
import type { Residency } from '../plan/residency.ts';
import type { WeightStore } from '../store/weight_store.ts';

/** What one run of the benchmarks found; a part that was not run is not there. Rates are per second. */
export interface BenchReport {
  readonly adapter: AdapterDescription;
  readonly rates: DeviceRates;
  readonly kernels?: KernelsReport;
  readonly ring?: RingReport;
  readonly import?: ImportReport;
  readonly model?: ModelReport;
  /** Bytes on the GPU of the model that was loaded before. */
  readonly memory?: Readonly<Record<Purpose, LedgerEntry>>;
}

export interface KernelsReport {
  readonly timing: TimingMethod;
  readonly results: readonly KernelResult[];
}

/** One kernel on one shape. */
export interface KernelResult {
  readonly kernel: string;
  /** What its weights are stored as; null: it has none. */
  readonly type: BlockTypeName | null;
  /** Rows × columns, heads, or whatever makes its work. */
  readonly shape: string;
  /** Tokens of the pass, the first of them at this position. */
  readonly tokens: number;
  readonly position: number;
  /** Of one dispatch. */
  readonly seconds: Spread;
  /** What one dispatch has to move, each byte once, and to multiply or add. */
  readonly bytes: number;
  readonly operations: number;
  readonly bytes_rate: Spread;
  readonly operations_rate: Spread;
  /** Of the rate at which this device reads, and multiplies and adds, in the same run. */
  readonly share_of_read: number;
  readonly share_of_fma: number;
}

export interface RingReport {
  readonly store: WeightStore['kind'];
  /** Bytes of the file that is read again and again: the system may hold it in memory. */
  readonly file_bytes: number;
  readonly results: readonly RingResult[];
}

/** The staging ring alone: from a file through mapped buffers into a slot. */
export interface RingResult {
  readonly pieces: number;
  readonly piece_bytes: number;
  readonly bytes_rate: Spread;
}

export interface ImportReport {
  readonly source: string;
  readonly source_bytes: number;
  readonly store: WeightStore['kind'];
  /** Bytes of the source: reading, splitting into planes, hashing and writing. */
  readonly bytes_rate: Spread;
}

export interface ModelReport {
  readonly name: string;
  readonly prompt_tokens: number;
  readonly decode_tokens: number;
  /** Bytes a second at which the ring brings this model's layers. */
  readonly ring_bytes_rate: Spread;
  readonly results: readonly ModelResult[];
  /** What the predictions go by, where it was measured in this run. */
  readonly planned_by?: Measured;
}

/** A model in one residency. */
export interface ModelResult {
  readonly residency: Residency;
  /** When streaming: bytes of weights that may stay on the GPU beside the slot. */
  readonly budget_weights: number | null;
  /** What the planner said before. */
  readonly predicted: Prediction | null;
  /** Bytes of weights on the GPU. */
  readonly weight_bytes: number;
  /** Bytes of weights that the kernels read for a token, and bytes that have to be brought for it. */
  readonly bytes_per_token: number;
  readonly streamed_bytes_per_token: number;
  readonly dispatches_per_token: number;
  readonly decode_tokens_rate: Spread;
  readonly prefill_tokens_rate: Spread;
  readonly time_to_first_token_ms: Spread;
  /** At best: what is streamed ÷ the ring's rate; weights ÷ the read rate + dispatches × their cost. Null: nothing is streamed. */
  readonly streaming_limit: number | null;
  readonly resident_limit: number;
  /** Of prefill: one stream of the weights for each chunk, or all multiplications, whichever takes longer. */
  readonly prefill_limit: number;
}
