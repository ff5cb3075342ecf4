import { probeMemory } from '../gpu/memory_probe.ts';
import { budgetAfter, cautiousBytes } from '../plan/budget.ts';
import { type Candidate, type Choice, chooseBySize, choosePlan } from '../plan/planner.ts';
import type { RingSize } from '../plan/rates.ts';
import type { RecordStore } from '../plan/records.ts';
import type { ModelLayout } from '../store/pack_layout.ts';
import type { Choices } from './choices.ts';
import { type Measured, type MeasuredOptions, measure } from './measured.ts';
import { limitsOf } from './open_model.ts';
import type { PlacementLimits } from './placement.ts';
import {
  contextOf,
  gpuBytes,
  mostBytes,
  PREFILL_TOKENS,
  RING,
  type SizeOptions,
  sizesOf,
} from './sizes.ts';
import { workOf } from './work.ts';

/** What the planner goes by besides the device: what was measured before, and the computer's memory. */
export interface Knowledge {
  readonly records: RecordStore;
  /** The computer's memory in bytes; null when it is not known. */
  readonly host_bytes: number | null;
}

/** Nothing is known, and nothing will be remembered. */
export const NO_KNOWLEDGE: Knowledge = {
  records: { read: async () => null, write: async () => undefined },
  host_bytes: null,
};

export interface PlanOptions extends MeasuredOptions, Knowledge {
  /** Bytes of GPU memory for everything; unless given, what is safe is found out. */
  readonly budget?: number | undefined;
  /** Tokens of context that must have room. */
  readonly context_length?: number | undefined;
  /** Tokens of a prompt that go through the model together; unless given, as many as are fastest. */
  readonly prefill_tokens?: number | undefined;
  /** Measures even what is known. */
  readonly anew?: boolean | undefined;
}

export interface ModelPlan extends Choice, Measured {}

/** Tokens of context that are planned for unless others are asked for. */
const CONTEXT_TOKENS = 4096;
/** Chunks of a prompt: larger ones share each read among more tokens, and take more memory. */
const CHUNKS = [PREFILL_TOKENS, 256, 128, 64];

/**
 * Decides how a model runs on this device within a budget, after measuring what has not been measured before.
 * @throws BudgetTooSmallError, NoScratchSpaceError, and the engine's errors
 */
export async function planModel(options: PlanOptions): Promise<ModelPlan> {
  const budget = await budgetOf(options);
  const measured = await measure(options, budget, options.anew);
  const choice = choosePlan(candidatesFor(options, budget, measured.ring), measured.rates, budget);
  return { ...choice, ...measured };
}

/**
 * The same without measuring anything, and so without a prediction.
 * @throws BudgetTooSmallError
 */
export async function sizeModel(options: PlanOptions): Promise<SizeOptions & { budget: number }> {
  const budget = await budgetOf(options);
  const candidate = chooseBySize(candidatesFor(options, budget, RING), budget);
  return sizesFrom(candidate, budget, RING);
}

/** The options that make an engine what the plan says. */
export function engineOptions({
  plan,
  ring,
  budget,
  choices,
}: ModelPlan): SizeOptions & { budget: number; choices: Choices } {
  return { ...sizesFrom(plan, budget, ring), choices };
}

function sizesFrom(
  { residency, budget_weights, prefill_tokens, context_length }: Candidate,
  budget: number,
  ring: RingSize,
): SizeOptions & { budget: number } {
  return { residency, budget_weights, prefill_tokens, context_length, ring, budget };
}

/** Bytes that a model may take on the GPU: what was asked for, else what is safe. */
export async function budgetOf(options: PlanOptions): Promise<number> {
  return options.budget ?? (await safeBudget(options, plannedContext(options)));
}

export function plannedContext({ model, context_length }: PlanOptions): number {
  const usual = Math.min(model.config.max_position_embeddings, CONTEXT_TOKENS);
  return contextOf(model.config, context_length ?? usual);
}

/** What can be taken without asking the user: all that the model can use, if the device gives it. */
export async function safeBudget(
  { gpu, model, host_bytes }: PlanOptions,
  context_length: number,
): Promise<number> {
  const { device, adapter } = gpu;
  const most = cautiousBytes({
    software: adapter.software,
    buffer_bytes: device.limits.maxBufferSize,
    host_bytes,
  });
  const sizes = sizesOf(model, limitsOf(device), { residency: 'resident', context_length });
  const wanted = Math.min(most, mostBytes(sizes));
  return budgetAfter(wanted, await probeMemory(device, wanted));
}

/** One way to run a model. */
export function candidateOf(
  model: ModelLayout,
  limits: PlacementLimits,
  options: SizeOptions,
): Candidate {
  const sizes = sizesOf(model, limits, options);
  return {
    residency: options.residency ?? 'strict',
    budget_weights: options.budget_weights ?? 0,
    prefill_tokens: sizes.prefill_tokens,
    context_length: sizes.context_length,
    bytes: gpuBytes(sizes, sizes.context_length),
    most_bytes: mostBytes(sizes),
    work: workOf(sizes),
  };
}

/** Every residency with every size of chunk, larger chunks first; streaming, the weights have what the rest leaves. */
function candidatesFor(options: PlanOptions, budget: number, ring: RingSize): Candidate[] {
  const { model, gpu, prefill_tokens } = options;
  const limits = limitsOf(gpu.device);
  const context_length = plannedContext(options);
  const chunks = prefill_tokens === undefined ? CHUNKS : [prefill_tokens];
  return chunks.flatMap((prefill_tokens) => {
    const sizes = { context_length, prefill_tokens, ring };
    const strict = candidateOf(model, limits, sizes);
    const resident = candidateOf(model, limits, { ...sizes, residency: 'resident' });
    const streaming = candidateOf(model, limits, {
      ...sizes,
      residency: 'streaming',
      budget_weights: Math.max(0, budget - strict.most_bytes),
    });
    // One that keeps nothing or everything is one of the others.
    const between =
      streaming.bytes.weights > strict.bytes.weights &&
      streaming.bytes.weights < resident.bytes.weights;
    return between ? [strict, streaming, resident] : [strict, resident];
  });
}
