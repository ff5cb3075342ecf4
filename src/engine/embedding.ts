import type { BufferView } from '../gpu/kernel.ts';
import { storedWidth } from '../model/tensors.ts';
import type { Batch } from './batch.ts';
import { normWeights } from './decoder_layer.ts';
import { type Model, run } from './model.ts';
import type { Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';

/** The tokens' rows of the embedding, and of learned positions, become the residual stream. */
export async function embed(model: Model, batch: Batch): Promise<void> {
  const { config, weights, inputs, commands } = model;
  const { ids, positions } = batch;
  const tokens = ids.length;
  const resident = weights.resident_embedding !== null;
  if (resident) {
    gatherResident(model, tokens);
  } else {
    const at_once = Math.min(weights.embedding_rows, tokens);
    // What is read from disk arrives in the order of the tokens.
    const order = { buffer: inputs.order };
    for (let first = 0; first < tokens; first += at_once) {
      const some = ids.subarray(first, first + at_once);
      const rows = await weights.embedding(some, commands);
      const scale = config.embedding_multiplier;
      gather(model, `embedding ${first}`, some.length, { rows, ids: order, first }, { scale });
      commands.submit();
      if (!config.learned_positions) continue;
      const { first_row } = config.learned_positions;
      const wanted = positions.subarray(first, first + at_once).map((at) => first_row + at);
      const added = { rows: await weights.positions(wanted, commands), ids: order, first };
      gather(model, `positions ${first}`, some.length, added, { accumulate: true });
      commands.submit();
    }
  }
  normEmbedding(model, await weights.embeddingNorm(commands), tokens);
  if (!resident) commands.submit();
}

/** The same where all tables are on the GPU. */
function gatherResident(model: Model, tokens: number): void {
  const { config, weights, inputs } = model;
  const scale = config.embedding_multiplier;
  const table = { rows: weights.resident_embedding!, ids: { buffer: inputs.ids } };
  gather(model, 'embedding', tokens, table, { scale });
  const rows = weights.resident_positions;
  if (!rows) return;
  const positions = { rows, ids: { buffer: inputs.positions } };
  gather(model, 'positions', tokens, positions, { accumulate: true });
}

/** The same for one token, with nothing to read from disk. */
export function embedResident(model: Model): void {
  gatherResident(model, 1);
  normEmbedding(model, model.weights.embeddingNormTensors(), 1);
}

/** The same steps, of which nothing is loaded. */
export function rehearseEmbedding(model: Model, ops: Ops): void {
  const { config, weights, state, inputs } = model;
  const to = { buffer: embeddingTarget(model) };
  const scale = config.embedding_multiplier;
  ops.gatherRows(weights.embeddingTensorView(), { buffer: inputs.ids }, to, { scale });
  const rows = weights.positionTensorView();
  if (rows) ops.gatherRows(rows, { buffer: inputs.positions }, to, { accumulate: true });
  const tensors = weights.embeddingNormTensors();
  if (tensors) ops.norm(to.buffer, embeddingNorm(tensors), state.x);
}

/** Where the embedding comes to: a norm may stand between it and the residual stream. */
const embeddingTarget = ({ config, state }: Model): GPUBuffer =>
  config.embedding_norm ? state.normed : state.x;

/** Rows of a table become, or are added to, the tokens' embedding from token `first` on. */
function gather(
  model: Model,
  name: string,
  tokens: number,
  table: { readonly rows: WeightTensor; readonly ids: BufferView; readonly first?: number },
  options: { scale?: number; accumulate?: boolean },
): void {
  const { rows, ids, first = 0 } = table;
  const offset = first * storedWidth(model.config.hidden_size) * 4;
  const to = { buffer: embeddingTarget(model), offset };
  run(model, name, tokens, (ops) => ops.gatherRows(rows, ids, to, options));
}

const embeddingNorm = (tensors: ReadonlyMap<string, WeightTensor>) =>
  normWeights(tensors, 'token_embd_norm.weight', '.bias')!;

function normEmbedding(
  model: Model,
  tensors: ReadonlyMap<string, WeightTensor> | null,
  tokens: number,
): void {
  if (!tensors) return;
  const { normed, x } = model.state;
  run(model, 'embedding norm', tokens, (ops) => ops.norm(normed, embeddingNorm(tensors), x));
}
