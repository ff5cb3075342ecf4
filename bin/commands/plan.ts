import { weightShares } from '../../src/bench/ways.ts';
import { SettingError } from '../../src/engine/errors.ts';
import { limitsOf } from '../../src/engine/open_model.ts';
import {
  candidateOf,
  type ModelPlan,
  planModel,
  plannedContext,
} from '../../src/engine/plan_model.ts';
import type { SizeOptions } from '../../src/engine/sizes.ts';
import { adapterName } from '../../src/gpu/device.ts';
import { planPack } from '../../src/model/plan_pack.ts';
import { type Plan, planOf, TYPICAL, withoutWork } from '../../src/plan/planner.ts';
import { NodeStore } from '../../src/store/node_store.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { type ModelLayout, planLayout } from '../../src/store/pack_layout.ts';
import type { WeightStore } from '../../src/store/weight_store.ts';
import { UsageError } from '../errors.ts';
import { findModel, openDevice, PACKS, withCheckpoint } from '../model.ts';
import { bytesOption, numberOption, readOptions } from '../options.ts';
import { planningOptions } from '../planning.ts';

const OPTIONS = {
  model: { type: 'string' },
  budget: { type: 'string' },
  context: { type: 'string' },
  again: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface Named {
  readonly name: string;
  readonly model: ModelLayout;
  readonly store: WeightStore;
  readonly pack: string | null;
}

/** `lamina plan`: how fast a model would be in each residency, and which one fits best. Nothing is imported for it. */
export async function plan(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'argument');
  if (text !== undefined) throw new UsageError({ reason: `"${text}" is not expected here` });
  const budget = bytesOption('--budget', values.budget);
  const context_length = contextOption(numberOption('--context', values.context));
  const gpu = await openDevice();
  const { name, model, store, pack } = await open(values.model);
  const options = {
    ...planningOptions(gpu, store, model, pack),
    budget,
    context_length,
    anew: values.again,
  };
  const chosen = await planModel(options);
  const sizes = {
    context_length: plannedContext(options),
    prefill_tokens: chosen.plan.prefill_tokens,
    ring: chosen.ring,
  };
  const rows: { label: string; plan: Plan }[] = waysOf(model).map(({ label, ...way }) => {
    const candidate = candidateOf(model, limitsOf(gpu.device), { ...sizes, ...way });
    return { label, plan: planOf(candidate, chosen.rates, TYPICAL) };
  });
  const report = { adapter: adapterName(gpu.adapter), model: name, rows, chosen };
  console.log(values.json ? JSON.stringify(asJson(report)) : inWords(report));
}

function contextOption(value: number | undefined): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return value;
  throw new SettingError({ setting: '--context', value, allowed: 'a whole number, 1 or more' });
}

async function open(path: string | undefined): Promise<Named> {
  const found = await findModel(path);
  if (found.kind === 'pack') {
    const manifest = await openManifest(found.store, found.pack);
    return { name: manifest.name, model: manifest, store: found.store, pack: found.pack };
  }
  return withCheckpoint(found, (checkpoint) => {
    const plan = planPack(checkpoint);
    return { name: plan.name, model: planLayout(plan), store: new NodeStore(PACKS), pack: null };
  });
}

function waysOf(model: ModelLayout): (SizeOptions & { label: string })[] {
  return [
    { label: 'strict', residency: 'strict' },
    ...weightShares(model).map(({ share, bytes }) => ({
      label: `streaming, ${share * 100}%`,
      residency: 'streaming' as const,
      budget_weights: bytes,
    })),
    { label: 'resident', residency: 'resident' },
  ];
}

interface Report {
  readonly adapter: string;
  readonly model: string;
  readonly rows: readonly { readonly label: string; readonly plan: Plan }[];
  readonly chosen: ModelPlan;
}

function asJson({ adapter, model, rows, chosen }: Report) {
  const { plan, budget, reason, ring, rates } = chosen;
  return {
    adapter,
    model,
    budget,
    reason,
    ring,
    rates,
    exchange: TYPICAL,
    chosen: withoutWork(plan),
    plans: rows.map(({ label, plan }) => ({ label, ...withoutWork(plan) })),
  };
}

const WIDTH = 16;

function inWords({ adapter, model, rows, chosen }: Report): string {
  const columns = ['weights', 'KV', 'other', 'at most', 'decode', 'prefill', 'first token'];
  const { plan, budget, reason } = chosen;
  return [
    `${model} on ${adapter}, ${plan.context_length} tokens of context`,
    '',
    [' '.repeat(20), ...columns.map((name) => name.padStart(WIDTH))].join(''),
    ...[...rows, { label: 'chosen', plan }].map(({ label, plan }) => lineOf(label, plan)),
    '',
    `Chosen for ${megabytes(budget)} of GPU memory: ${plan.residency}, prompts in chunks of ${plan.prefill_tokens} tokens (${reason}).`,
    `Predicted for ${TYPICAL.prompt_tokens} tokens of prompt and ${TYPICAL.generated_tokens} generated.`,
  ].join('\n');
}

function lineOf(label: string, { bytes, most_bytes, prediction }: Plan): string {
  const cells = [
    megabytes(bytes.weights),
    megabytes(bytes.kv),
    megabytes(bytes.activations + bytes.staging),
    megabytes(most_bytes),
    `${prediction.decode_tokens_per_second.toFixed(2)} tok/s`,
    `${prediction.prefill_tokens_per_second.toFixed(1)} tok/s`,
    `${prediction.time_to_first_token_seconds.toFixed(2)} s`,
  ];
  return [label.padEnd(20), ...cells.map((cell) => cell.padStart(WIDTH))].join('');
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
