import type { BufferView } from '../gpu/kernel.ts';
import { readBack } from '../gpu/readback.ts';
import { storedWidth } from '../model/tensors.ts';
import type { Batch } from './batch.ts';
import {
  decoderLayer,
  expertWeights,
  layerWeights,
  normWeights,
  runExpert,
} from './decoder_layer.ts';
import type { Dispatcher } from './dispatcher.ts';
import { embed, embedResident, rehearseEmbedding } from './embedding.ts';
import { type Model, run } from './model.ts';
import { Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';
import { EXPERT_PASS_BYTES, MAX_HEAD_ROWS, rowView } from './state.ts';
import type { HeadTile } from './weights_layout.ts';

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

  await embed(model, batch);
  await observeHidden(model, observer, 0, model.state.x, tokens);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const tensors = await weights.layer(layer, commands);
    // Many tokens take their time: the ring's last piece shall be free once it is copied, not once they are through.
    if (tokens > 1) commands.submit();
    decode(model, layer, tensors, tokens);
    if (config.experts) await runExperts(model, layer, tokens);
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
  const { config, weights, inputs } = model;
  inputs.write(batch, false);
  embedResident(model);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    decode(model, layer, weights.layerTensors(layer), 1);
    for (const expert of expertsOf(model)) decodeExpert(model, layer, expert, 1);
  }
  norm(model, weights.finalNormTensors(), 1);
  headRows(model, 0, 1);
  for (const tile of weights.head_tiles) multiplyHead(model, tile, weights.headTileTensor(tile), 1);
  finishHead(model, 1);
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
    decoderLayer(ops, layerWeights(tensors), cache, model.state, model.config.layers[layer]!),
  );
}

const expertsOf = ({ config }: Model): number[] =>
  Array.from({ length: config.experts?.count ?? 0 }, (_, expert) => expert);

/**
 * A layer's experts. Of a layer that does not stay on the GPU only those are read that some token takes: how many
 * take each comes back for that.
 */
async function runExperts(model: Model, layer: number, tokens: number): Promise<void> {
  const { weights, commands, ledger, state } = model;
  const all = expertsOf(model);
  if (weights.stays(layer)) {
    for (const expert of all) decodeExpert(model, layer, expert, tokens);
    return;
  }
  const size = all.length * EXPERT_PASS_BYTES;
  const passes = new Uint32Array(
    await readBack(ledger, commands, { buffer: state.expert_passes, size }),
  );
  const taken = all.filter((expert) => passes[(expert * EXPERT_PASS_BYTES) / 4]! > 0);
  for (const expert of taken) {
    await weights.expert(layer, expert, commands);
    decodeExpert(model, layer, expert, tokens);
    commands.submit();
  }
}

/** One expert, whose weights are on the GPU. */
function decodeExpert(model: Model, layer: number, expert: number, tokens: number): void {
  const w = expertWeights(model.weights.expertTensors(layer, expert), expert);
  run(model, `layer ${layer} expert ${expert}`, tokens, (ops) =>
    runExpert(ops, w, model.state, expert),
  );
}

function norm(model: Model, tensors: ReadonlyMap<string, WeightTensor>, tokens: number): void {
  const { x, normed } = model.state;
  run(model, 'norm', tokens, (ops) => ops.norm(x, finalNorm(tensors), normed));
}

const finalNorm = (tensors: ReadonlyMap<string, WeightTensor>) =>
  normWeights(tensors, 'output_norm.weight', '.bias')!;

/** Logits of `rows` tokens from `first` on; an output matrix that is not on the GPU passes through the slot by tiles. */
async function head(model: Model, first: number, rows: number): Promise<void> {
  const { weights, commands } = model;
  headRows(model, first, rows);
  for (const tile of weights.head_tiles) {
    multiplyHead(model, tile, await weights.headTile(tile, commands), rows);
    commands.submit();
  }
  finishHead(model, rows);
}

function finishHead(model: Model, rows: number): void {
  const { state } = model;
  run(model, 'logits', rows, (ops) => ops.finishLogits(state.logits), headPass(model));
}

const headPass = ({ inputs }: Model): BufferView => ({ buffer: inputs.head_pass });

/** Chooses the tokens whose logits are computed. */
function headRows(model: Model, first: number, rows: number): void {
  const { config, state, inputs, commands } = model;
  inputs.writeHeadRows(rows);
  const from = rowView(state.normed, first, storedWidth(config.hidden_size));
  commands.copy(state.normed, from.offset!, state.head_x, 0, from.size * rows);
}

function multiplyHead(model: Model, tile: HeadTile, matrix: WeightTensor, rows: number): void {
  const name = `head ${tile.first_row}`;
  run(model, name, rows, (ops) => linearHead(ops, model, tile, matrix), headPass(model));
}

/** A tile of the output matrix makes its part of the logits. */
function linearHead(
  ops: Ops,
  { config, state }: Model,
  tile: HeadTile,
  matrix: WeightTensor,
): void {
  const to = { first_output: tile.first_row, outputs: config.vocab_size };
  ops.linear(matrix, undefined, state.head_x, state.logits, to);
}

/** Runs every step through `dispatcher` without loading anything: what it is given is what a pass will need. */
export function rehearse(model: Model, dispatcher: Dispatcher, tokens: number): void {
  const { config, weights, kv, state, inputs } = model;
  const ops = new Ops(dispatcher, model, tokens, { buffer: inputs.pass });
  rehearseEmbedding(model, ops);
  for (const [layer, cache] of kv.layers.entries()) {
    const w = layerWeights(weights.layerTensors(layer));
    decoderLayer(ops, w, cache, state, config.layers[layer]!);
    for (const expert of expertsOf(model)) {
      runExpert(ops, expertWeights(weights.expertTensors(layer, expert), expert), state, expert);
    }
  }
  ops.norm(state.x, finalNorm(weights.finalNormTensors()), state.normed);
  for (const tile of weights.head_tiles) {
    linearHead(ops, model, tile, weights.headTileTensor(tile));
  }
  ops.finishLogits(state.logits);
}

async function observeHidden(
  model: Model,
  observer: Observer | undefined,
  index: number,
  rows: GPUBuffer,
  tokens: number,
): Promise<void> {
  if (!observer?.hidden) return;
  const { hidden_size } = model.config;
  const width = storedWidth(hidden_size);
  const size = tokens * width * 4;
  const stored = new Float32Array(
    await readBack(model.ledger, model.commands, { buffer: rows, size }),
  );
  const values = new Float32Array(tokens * hidden_size);
  for (let token = 0; token < tokens; token++) {
    const row = stored.subarray(token * width, token * width + hidden_size);
    values.set(row, token * hidden_size);
  }
  observer.hidden(index, 0, values);
}
