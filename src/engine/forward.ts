import type { Commands } from '../gpu/commands.ts';
import type { ComputeUnits } from '../gpu/compute_units.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { readBack } from '../gpu/readback.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Batch, BatchInputs } from './batch.ts';
import type { Choices } from './choices.ts';
import type { KvCache } from './kv_cache.ts';
import { decoderLayer, layerWeights } from './llama.ts';
import { type Dispatcher, Ops } from './ops.ts';
import type { Recordings } from './recordings.ts';
import type { WeightTensor } from './slot.ts';
import { MAX_HEAD_ROWS, rowView, type State } from './state.ts';
import type { Weights } from './weights.ts';
import type { HeadTile } from './weights_layout.ts';

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

/** What to look at on the way, for tests and research. */
export interface Observer {
  /**
   * Rows `[rows, hidden_size]` of the tokens from `first_token` on: `index` 0 the embedding, 1 to n after each
   * layer, n + 1 after the final norm.
   */
  hidden?(index: number, first_token: number, rows: Float32Array<ArrayBuffer>): void;
  /** Rows `[rows, vocab_size]` of logits, of the tokens from `first_token` on. */
  logits?(first_token: number, rows: Float32Array<ArrayBuffer>): void;
  /** The first token whose logits are wanted; 0 unless given. */
  readonly logits_from?: number;
}

/**
 * One pass of a batch through the model: embedding, every decoder layer, and the head. Afterwards the KV cache
 * holds the batch's positions, and `state.logits` the last token's logits; an observer of logits gets all tokens'
 * instead. Room in the KV cache must have been reserved.
 */
export async function forward(
  model: Model,
  batch: Batch,
  options: { head: boolean; observer?: Observer },
): Promise<void> {
  const { config, weights, inputs, commands } = model;
  const { observer } = options;
  const tokens = batch.ids.length;
  inputs.write(batch);

  await embed(model, batch.ids);
  await observeHidden(model, observer, 0, model.state.x, tokens);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const tensors = await weights.layer(layer, commands);
    // Many tokens take their time: the ring's last piece shall be free once it is copied, not once they are through.
    if (tokens > 1) commands.submit();
    decode(model, layer, tensors, tokens);
    // The GPU begins while the next layer is read, or recorded. One token's recordings go out together: they are short.
    if (!weights.resident || tokens > 1) commands.submit();
    await observeHidden(model, observer, layer + 1, model.state.x, tokens);
  }
  // Before the next pass writes its inputs: that happens at once, not in the order of what is recorded.
  commands.submit();
  if (!options.head && !observer) return;

  norm(model, await weights.finalNorm(commands), tokens);
  commands.submit();
  await observeHidden(model, observer, config.num_hidden_layers + 1, model.state.normed, tokens);
  if (observer?.logits) {
    for (let first = observer.logits_from ?? 0; first < tokens; first += MAX_HEAD_ROWS) {
      const rows = Math.min(MAX_HEAD_ROWS, tokens - first);
      await head(model, first, rows);
      const size = rows * config.vocab_size * 4;
      const logits = await readBack(model.ledger, commands, { buffer: model.state.logits, size });
      observer.logits(first, new Float32Array(logits));
    }
  } else if (options.head) {
    await head(model, tokens - 1, 1);
  }
}

/**
 * The same for one token whose id is on the GPU already, in `inputs.ids`, with nothing to read from disk: all of it
 * is recorded, and nothing waited for. What the batch says of ids does not count.
 */
export function forwardResident(model: Model, batch: Batch): void {
  const { config, weights, state, inputs } = model;
  inputs.write(batch, false);
  const ids = { buffer: inputs.ids };
  run(model, 'embedding', 1, (ops) =>
    ops.gatherRows(weights.resident_embedding!, ids, { buffer: state.x }),
  );
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    decode(model, layer, weights.layerTensors(layer), 1);
  }
  norm(model, weights.finalNormTensor(), 1);
  headRows(model, 0, 1);
  for (const tile of weights.head_tiles) multiplyHead(model, tile, weights.headTileTensor(tile), 1);
}

async function embed(model: Model, ids: Uint32Array): Promise<void> {
  const { config, weights, state, inputs, commands } = model;
  const resident = weights.resident_embedding;
  if (resident) {
    run(model, 'embedding', ids.length, (ops) =>
      ops.gatherRows(resident, { buffer: inputs.ids }, { buffer: state.x }),
    );
    return;
  }
  const at_once = Math.min(weights.embedding_rows, ids.length);
  for (let first = 0; first < ids.length; first += at_once) {
    const some = ids.subarray(first, first + at_once);
    const rows = await weights.embedding(some, commands);
    const to = { buffer: state.x, offset: first * config.hidden_size * 4 };
    run(model, `embedding ${first}`, some.length, (ops) =>
      ops.gatherRows(rows, { buffer: inputs.order }, to),
    );
    commands.submit();
  }
}

/** One decoder layer. */
function decode(
  model: Model,
  layer: number,
  tensors: ReadonlyMap<string, WeightTensor>,
  tokens: number,
): void {
  const cache = model.kv.layers[layer]!;
  run(model, `layer ${layer}`, tokens, (ops) =>
    decoderLayer(ops, layerWeights(tensors), cache, model.state),
  );
}

function norm(model: Model, weight: WeightTensor, tokens: number): void {
  const { x, normed } = model.state;
  run(model, 'norm', tokens, (ops) => ops.rmsNorm(x, weight, normed));
}

/** Logits of `rows` tokens from `first` on; an output matrix that is not on the GPU passes through the slot by tiles. */
async function head(model: Model, first: number, rows: number): Promise<void> {
  const { weights, commands } = model;
  headRows(model, first, rows);
  for (const tile of weights.head_tiles) {
    multiplyHead(model, tile, await weights.headTile(tile, commands), rows);
    commands.submit();
  }
}

/** Chooses the tokens whose logits are computed. */
function headRows(model: Model, first: number, rows: number): void {
  const { config, state, inputs, commands } = model;
  inputs.writeHeadRows(rows);
  const from = rowView(state.normed, first, config.hidden_size);
  commands.copy(state.normed, from.offset!, state.head_x, 0, from.size * rows);
}

function multiplyHead(model: Model, tile: HeadTile, matrix: WeightTensor, rows: number): void {
  const name = `head ${tile.first_row}`;
  run(model, name, rows, (ops) => linearHead(ops, model, tile, matrix), model.inputs.head_pass);
}

/** A tile of the output matrix makes its part of the logits. */
function linearHead(
  ops: Ops,
  { config, state }: Model,
  tile: HeadTile,
  matrix: WeightTensor,
): void {
  const to = { first_output: tile.first_row, outputs: config.vocab_size };
  ops.linear(matrix, state.head_x, state.logits, to);
}

/** Runs steps; those of a single token are recorded the first time and from then on only repeated. */
function run(
  model: Model,
  name: string,
  tokens: number,
  steps: (ops: Ops) => void,
  pass = model.inputs.pass,
): void {
  const { commands, recordings } = model;
  if (tokens === 1) {
    recordings.run(name, (recorder) => steps(new Ops(recorder, model, 1, pass)));
  } else {
    steps(new Ops(commands, model, tokens, pass));
  }
}

/** Runs every step through `dispatcher` without loading anything: what it is given is what a pass will need. */
export function rehearse(model: Model, dispatcher: Dispatcher, tokens: number): void {
  const { weights, kv, state, inputs } = model;
  const ops = new Ops(dispatcher, model, tokens, inputs.pass);
  ops.gatherRows(weights.embeddingTensorView(), { buffer: inputs.ids }, { buffer: state.x });
  for (const [layer, cache] of kv.layers.entries()) {
    decoderLayer(ops, layerWeights(weights.layerTensors(layer)), cache, state);
  }
  ops.rmsNorm(state.x, weights.finalNormTensor(), state.normed);
  for (const tile of weights.head_tiles) {
    linearHead(ops, model, tile, weights.headTileTensor(tile));
  }
}

async function observeHidden(
  model: Model,
  observer: Observer | undefined,
  index: number,
  rows: GPUBuffer,
  tokens: number,
): Promise<void> {
  if (!observer?.hidden) return;
  const size = tokens * model.config.hidden_size * 4;
  const values = await readBack(model.ledger, model.commands, { buffer: rows, size });
  observer.hidden(index, 0, new Float32Array(values));
}
