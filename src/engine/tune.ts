import type { BlockTypeName } from '../formats/block_types.ts';
import { Commands } from '../gpu/commands.ts';
import type { ComputeUnits } from '../gpu/compute_units.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { Timer } from '../gpu/timer.ts';
import { batchOf } from './batch.ts';
import { type Choices, candidates, keyOf, type MatrixShape } from './choices.ts';
import type { Dispatcher } from './dispatcher.ts';
import { rehearse } from './forward.ts';
import type { Model } from './model.ts';
import { EXPERT_PASS_BYTES } from './state.ts';

/** What `Dispatcher.dispatch` is given. */
export type Call = Parameters<Dispatcher['dispatch']>;

/** A kernel must be so much faster than that of the rules. */
const WORTH = 1.03;
/** After so long the rest goes by the rules. */
const MOST_SECONDS = 1.5;
/** A browser rounds timestamps to 100 µs. */
const EFFORT = { repeats: 3, run_seconds: 0.005 };

/**
 * Times every kernel that this device has for each of a model's matrices, on the weights of all layers in turn, so
 * that no cache holds them. Nothing is compiled or timed where there is only one.
 * @param model with everything on the GPU
 * @param tokens of a large chunk
 */
export async function tuneModel(model: Model, tokens: number): Promise<Choices> {
  const { device } = model.ledger;
  const pipelines = Pipelines.of(device);
  const commands = new Commands(device, pipelines);
  const ledger = new BufferLedger(device);
  const timer = await Timer.create(ledger, EFFORT);
  const secondsOf = async (calls: readonly Call[]): Promise<number> => {
    await pipelines.prepare(calls.map(([specialization]) => specialization));
    return (await timer.seconds(calls.map((call) => commands.prepare(...call)))).min;
  };
  const callsOf = (choices: Choices, count: number): Call[] => {
    const calls: Call[] = [];
    const collector = { dispatch: (...call: Call) => void calls.push(call) };
    rehearse({ ...model, choices }, collector, count);
    return calls;
  };
  try {
    let choices: Choices = {};
    const started = performance.now();
    const late = () => performance.now() - started > MOST_SECONDS * 1000;
    for (const count of [1, tokens]) {
      model.inputs.write(batchOf(new Uint32Array(count), 0));
      takeAll(model, count);
      const calls = (some: Choices) => callsOf(some, count);
      choices = { ...choices, ...(await tune(model.units, count, calls, secondsOf, late)) };
    }
    return choices;
  } finally {
    timer.destroy();
    ledger.destroyAll();
  }
}

/**
 * Of every matrix the fastest kernel, where it is not that of the rules.
 * @param callsOf what a pass of so many tokens dispatches with some choices
 * @param secondsOf of one of the calls
 */
export async function tune(
  units: ComputeUnits,
  tokens: number,
  callsOf: (choices: Choices) => readonly Call[],
  secondsOf: (calls: readonly Call[]) => Promise<number>,
  late: () => boolean,
): Promise<Choices> {
  const shapes = new Map<string, MatrixShape>();
  for (const call of callsOf({})) {
    const shape = shapeOf(call);
    if (shape) shapes.set(keyOf(shape, tokens), shape);
  }
  const found: Record<string, string> = {};
  for (const [key, shape] of shapes) {
    const all = candidates(shape, tokens, units);
    if (all.length === 1) continue;
    let best = Number.POSITIVE_INFINITY;
    for (const [i, { name }] of all.entries()) {
      if (late()) return found;
      const calls = callsOf({ [key]: name }).filter((call) => {
        const other = shapeOf(call);
        return other && keyOf(other, tokens) === key;
      });
      const seconds = await secondsOf(calls);
      if (i > 0 && seconds * WORTH >= best) continue;
      best = seconds;
      if (i > 0) found[key] = name;
    }
  }
  return found;
}

/** Every expert is taken by all tokens: what it multiplies is timed. */
function takeAll({ ledger, state }: Model, tokens: number): void {
  const passes = new Uint32Array(state.expert_passes.size / 4);
  for (let at = 0; at < passes.length; at += EXPERT_PASS_BYTES / 4) passes[at] = tokens;
  ledger.device.queue.writeBuffer(state.expert_passes, 0, passes);
}

/** The matrix that a call multiplies; null: it does something else. */
function shapeOf([{ kernel, constants, type }]: Call): MatrixShape | null {
  if (!kernel.decodes || constants.ROWS === undefined) return null;
  // Of a tile the outputs are those of the whole matrix; of gate and up they are half as many as rows.
  const rows = Math.max(Number(constants.ROWS), Number(constants.Y_STRIDE));
  return { rows, cols: Number(constants.COLS), type: type as BlockTypeName };
}
