import { BudgetTooSmallError } from './errors.ts';
import { type Exchange, type ModelWork, type Prediction, predict } from './predict.ts';
import type { ModelRates } from './rates.ts';
import type { Residency } from './residency.ts';

/** One way to run a model, and what it takes. */
export interface Candidate {
  readonly residency: Residency;
  /** When streaming: bytes of weights that may stay on the GPU beside the slot. */
  readonly budget_weights: number;
  readonly prefill_tokens: number;
  /** Tokens of context that it has room for. */
  readonly context_length: number;
  /** Bytes on the GPU by purpose, the context full. */
  readonly bytes: Readonly<Record<'weights' | 'kv' | 'activations' | 'staging', number>>;
  /** The most bytes that are there at once. */
  readonly most_bytes: number;
  readonly work: ModelWork;
}

export interface Plan extends Candidate {
  readonly prediction: Prediction;
}

export interface Choice {
  readonly plan: Plan;
  /** Bytes that it had to keep to. */
  readonly budget: number;
  /** Why it is this one: all fits; the rest is slower; or nothing else fits. */
  readonly reason: 'resident fits' | 'fastest within the budget' | 'only one that fits';
}

/** What plans are compared by, and what their predictions are for. */
export const TYPICAL: Exchange = { prompt_tokens: 512, generated_tokens: 128 };

/** @throws BudgetTooSmallError when not even the smallest fits */
export function choosePlan(
  candidates: readonly Candidate[],
  rates: ModelRates,
  budget: number,
): Choice {
  const fitting = candidates.filter(({ most_bytes }) => most_bytes <= budget);
  const plans = fitting.map((candidate) => planOf(candidate, rates, TYPICAL));
  const [first, ...others] = plans;
  if (!first) throw tooSmall(candidates, budget);
  let best = first;
  for (const plan of others) {
    const faster = exchangeSeconds(plan) - exchangeSeconds(best);
    if (faster < 0 || (faster === 0 && plan.most_bytes < best.most_bytes)) best = plan;
  }
  const residencies = new Set(plans.map(({ residency }) => residency));
  const reason =
    best.residency === 'resident'
      ? 'resident fits'
      : residencies.size === 1
        ? 'only one that fits'
        : 'fastest within the budget';
  return { plan: best, budget, reason };
}

/**
 * The same where nothing has been measured: more of the weights on the GPU is never slower. Of candidates that keep as
 * much of them, the first one.
 * @throws BudgetTooSmallError when not even the smallest fits
 */
export function chooseBySize(candidates: readonly Candidate[], budget: number): Candidate {
  const fitting = candidates.filter(({ most_bytes }) => most_bytes <= budget);
  const most = Math.max(...fitting.map(({ bytes }) => bytes.weights));
  const best = fitting.find(({ bytes }) => bytes.weights === most);
  if (!best) throw tooSmall(candidates, budget);
  return best;
}

function tooSmall(candidates: readonly Candidate[], budget: number): BudgetTooSmallError {
  const needed = Math.min(...candidates.map(({ most_bytes }) => most_bytes));
  return new BudgetTooSmallError({ budget, needed });
}

export function planOf(candidate: Candidate, rates: ModelRates, exchange: Exchange): Plan {
  return { ...candidate, prediction: predict(candidate.work, rates, exchange) };
}

/** For people and programs that only read it. */
export function withoutWork({ work: _, ...plan }: Plan): Omit<Plan, 'work'> {
  return plan;
}

/** Seconds of a typical question and its answer. */
function exchangeSeconds({ prediction }: Plan): number {
  const { time_to_first_token_seconds, decode_tokens_per_second } = prediction;
  return time_to_first_token_seconds + TYPICAL.generated_tokens / decode_tokens_per_second;
}
