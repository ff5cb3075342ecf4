import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import { readBack } from '../gpu/readback.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Batch, BatchInputs } from './batch.ts';
import type { KvCache } from './kv_cache.ts';
import { decoderLayer, layerWeights } from './llama.ts';
import { type Dispatcher, Ops } from './ops.ts';
import { MAX_HEAD_ROWS, rowView, type State } from './state.ts';
import type { WeightStream } from './weight_stream.ts';

/** Everything one pass works with. */
export interface Model {
  readonly config: ModelConfig;
  readonly weights: WeightStream;
  readonly kv: KvCache;
  readonly state: State;
  readonly inputs: BatchInputs;
  readonly commands: Commands;
  readonly ledger: BufferLedger;
  /** The device's subgroups are four wide. */
  readonly quad: boolean;
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
  const { config, weights, kv, state, inputs, commands } = model;
  const { observer } = options;
  const tokens = batch.ids.length;
  inputs.write(batch);
  const ops = new Ops(commands, model, tokens, inputs.pass);

  const at_once = Math.min(weights.embedding_rows, tokens);
  for (let first = 0; first < tokens; first += at_once) {
    const ids = batch.ids.subarray(first, first + at_once);
    const rows = await weights.embedding(ids, commands);
    ops.gatherRows(rows, { buffer: state.x, offset: first * config.hidden_size * 4 });
    commands.submit();
  }
  await observeHidden(model, observer, 0, state.x, tokens);

  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const tensors = await weights.layer(layer, commands);
    decoderLayer(ops, config, layerWeights(layer, tensors), kv.layers[layer]!, state);
    commands.submit();
    await observeHidden(model, observer, layer + 1, state.x, tokens);
  }
  if (!options.head && !observer) return;

  ops.rmsNorm(state.x, await weights.finalNorm(commands), state.normed);
  commands.submit();
  await observeHidden(model, observer, config.num_hidden_layers + 1, state.normed, tokens);
  if (observer?.logits) {
    for (let first = observer.logits_from ?? 0; first < tokens; first += MAX_HEAD_ROWS) {
      const rows = Math.min(MAX_HEAD_ROWS, tokens - first);
      await head(model, first, rows);
      const size = rows * config.vocab_size * 4;
      const logits = await readBack(model.ledger, commands, { buffer: state.logits, size });
      observer.logits(first, new Float32Array(logits));
    }
  } else if (options.head) {
    await head(model, tokens - 1, 1);
  }
}

/** Logits of `rows` tokens from `first` on, the output matrix passing through the slot tile by tile. */
async function head(model: Model, first: number, rows: number): Promise<void> {
  const { config, weights, state, inputs, commands } = model;
  inputs.writeHeadRows(rows);
  const from = rowView(state.normed, first, config.hidden_size);
  commands.copy(state.normed, from.offset!, state.head_x, 0, from.size * rows);
  const ops = new Ops(commands, model, rows, inputs.head_pass);
  for (const tile of weights.head_tiles) {
    const matrix = await weights.headTile(tile, commands);
    ops.linear(matrix, state.head_x, state.logits, {
      first_output: tile.first_row,
      outputs: config.vocab_size,
    });
    commands.submit();
  }
}

/** Runs every step through `dispatcher` without loading anything: what it is given is what a pass will need. */
export function rehearse(model: Model, dispatcher: Dispatcher, tokens: number): void {
  const { config, weights, kv, state, inputs } = model;
  const ops = new Ops(dispatcher, model, tokens, inputs.pass);
  ops.gatherRows(weights.embeddingTensorView(), { buffer: state.x });
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const tensors = weights.layerTensors(layer);
    decoderLayer(ops, config, layerWeights(layer, tensors), kv.layers[layer]!, state);
  }
  ops.rmsNorm(state.x, weights.finalNormTensor(), state.normed);
  for (const tile of weights.head_tiles) {
    const matrix = weights.headTileTensor(tile);
    ops.linear(matrix, state.head_x, state.logits, {
      first_output: tile.first_row,
      outputs: config.vocab_size,
    });
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
