import type { Commands } from '../gpu/commands.ts';
import type { ComputeUnits } from '../gpu/compute_units.ts';
import type { BufferView } from '../gpu/kernel.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import type { BatchInputs } from './batch.ts';
import type { Choices } from './choices.ts';
import type { KvCache } from './kv_cache.ts';
import { Ops } from './ops.ts';
import type { Recordings } from './recordings.ts';
import type { State } from './state.ts';
import type { Weights } from './weights.ts';

/** Everything one pass works with. */
export interface Model {
  readonly config: ModelConfig;
  readonly weights: Weights;
  readonly kv: KvCache;
  readonly state: State;
  readonly inputs: BatchInputs;
  readonly commands: Commands;
  readonly ledger: BufferLedger;
  readonly recordings: Recordings;
  readonly units: ComputeUnits;
  readonly choices: Choices;
}

/** Runs steps; those of a single token are recorded the first time and from then on only repeated. */
export function run(
  model: Model,
  name: string,
  tokens: number,
  steps: (ops: Ops) => void,
  pass: BufferView = { buffer: model.inputs.pass },
): void {
  const { commands, recordings } = model;
  if (tokens === 1) {
    recordings.run(name, (recorder) => steps(new Ops(recorder, model, 1, pass)));
  } else {
    steps(new Ops(commands, model, tokens, pass));
  }
}
