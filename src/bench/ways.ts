import type { EngineOptions } from '../engine/engine.ts';
import { type Measured, measure } from '../engine/measured.ts';
import { limitsOf } from '../engine/open_model.ts';
import {
  candidateOf,
  engineOptions,
  type PlanOptions,
  planModel,
  safeBudget,
} from '../engine/plan_model.ts';
import type { SizeOptions } from '../engine/sizes.ts';
import { type Exchange, type Prediction, predict } from '../plan/predict.ts';
import type { Residency } from '../plan/residency.ts';
import type { ModelLayout } from '../store/pack_layout.ts';

/** One way to run a model, and how fast it should be. */
export interface Way {
  readonly residency: Residency;
  readonly sizes: SizeOptions & Pick<EngineOptions, 'budget' | 'choices'>;
  readonly predicted: Prediction;
}

/**
 * The ways that a benchmark runs, predicted by one measurement.
 * @param budgets for `streaming` bytes of weights that stay (a quarter, half and three quarters unless given), for `auto`
 * all GPU memory; each is a way of its own
 */
export async function planWays(
  planning: PlanOptions,
  residencies: readonly (Residency | 'auto')[],
  budgets: readonly number[],
  exchange: Exchange,
): Promise<{ ways: Way[]; planned_by: Measured }> {
  const { gpu, model } = planning;
  const context_length = exchange.prompt_tokens + exchange.generated_tokens;
  const measured = await measure(
    planning,
    await safeBudget(planning, context_length),
    planning.anew,
  );
  const ways: Way[] = [];
  const add = (residency: Residency, sizes: Way['sizes']): void => {
    const { work } = candidateOf(model, limitsOf(gpu.device), sizes);
    ways.push({ residency, sizes, predicted: predict(work, measured.rates, exchange) });
  };
  for (const residency of residencies) {
    const { ring, choices } = measured;
    if (residency === 'auto') {
      for (const budget of budgets.length > 0 ? budgets : [undefined]) {
        const chosen = await planModel({ ...planning, budget, anew: false });
        add(chosen.plan.residency, engineOptions(chosen));
      }
    } else if (residency === 'streaming') {
      const shares = weightShares(model).map(({ bytes }) => bytes);
      for (const budget_weights of budgets.length > 0 ? budgets : shares) {
        add(residency, { residency, budget_weights, ring, choices });
      }
    } else {
      add(residency, { residency, ring, choices });
    }
  }
  return { ways, planned_by: measured };
}

/** Budgets for the weights that stay on the GPU: a quarter, half and three quarters of all weights. */
export function weightShares({
  embedding,
  layers,
  head,
}: ModelLayout): { share: number; bytes: number }[] {
  const weights = [embedding, ...layers, head].reduce((sum, { bytes }) => sum + bytes, 0);
  return [0.25, 0.5, 0.75].map((share) => ({ share, bytes: Math.floor(share * weights) }));
}
