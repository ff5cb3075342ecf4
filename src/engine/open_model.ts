import { Commands } from '../gpu/commands.ts';
import { type ComputeUnits, computeUnits } from '../gpu/compute_units.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Specialization } from '../gpu/kernel.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import { StagingRing } from '../gpu/staging_ring.ts';
import type { ModelLayout } from '../store/pack_layout.ts';
import type { WeightReader } from '../store/weight_store.ts';
import { BatchInputs } from './batch.ts';
import { type Choices, MATVEC_TOKENS } from './choices.ts';
import { rehearse } from './forward.ts';
import { KvCache } from './kv_cache.ts';
import type { Model } from './model.ts';
import type { PlacementLimits } from './placement.ts';
import { Recordings } from './recordings.ts';
import { Sampler } from './sampler.ts';
import { type SizeOptions, type Sizes, sizesOf } from './sizes.ts';
import { createState } from './state.ts';
import { Weights } from './weights.ts';

export interface EngineOptions extends SizeOptions {
  readonly gpu: Gpu;
  readonly store: WeightReader;
  /** A verified pack, and what its manifest says of the weights. */
  readonly pack: string;
  readonly manifest: ModelLayout;
  /** Bytes of GPU memory that all buffers together may take. */
  readonly budget?: number | undefined;
  /** What products of many tokens may round their factors to where that is faster: f16 unless given. */
  readonly precision?: Precision | undefined;
  /** Which kernels run; those for the device unless given. */
  readonly units?: ComputeUnits;
  /** Kernels that a tuning found faster than those that the rules choose. */
  readonly choices?: Choices | undefined;
}

export type Precision = 'f32' | 'f16';

/** A model on a device, ready for its first pass. */
export interface OpenModel {
  readonly model: Model;
  readonly sampler: Sampler;
  readonly sizes: Sizes;
}

/** Allocates everything, opens the pack's files, reads what stays, and compiles every kernel that the model needs. */
export async function openModel(options: EngineOptions): Promise<OpenModel> {
  const { gpu, store, pack, manifest } = options;
  const { config } = manifest;
  const { device } = gpu;
  const sizes = sizesOf(manifest, limitsOf(device), options);
  const { layout, context_length, prefill_tokens, sequences } = sizes;
  const units = options.units ?? (await computeUnits(gpu));
  const rounds = options.precision !== 'f32';
  const ledger = new BufferLedger(device, options.budget);
  let weights: Weights | null = null;
  try {
    const commands = new Commands(device, Pipelines.of(device));
    const ring = await StagingRing.create(ledger, sizes.ring.pieces, sizes.ring.piece_bytes);
    weights = await Weights.open({ store, pack, layout, ledger, ring, commands });
    const model: Model = {
      config,
      weights,
      kv: await KvCache.create(ledger, commands, config, sequences, context_length),
      state: await createState(ledger, config, prefill_tokens, sequences),
      inputs: await BatchInputs.create(ledger, config, prefill_tokens, context_length),
      commands,
      ledger,
      recordings: new Recordings(commands),
      units: { ...units, matrices: units.matrices && rounds },
      choices: options.choices ?? {},
    };
    model.kv.onGrow = () => model.recordings.forget();
    const sampler = await Sampler.create(ledger, commands, {
      logits: model.state.logits,
      next_id: model.inputs.ids,
      vocab_size: config.vocab_size,
      quad: units.quad,
    });
    await fillAndCompile(model, prefill_tokens);
    return { model, sampler, sizes };
  } catch (error) {
    weights?.close();
    ledger.destroyAll();
    throw error;
  }
}

export function limitsOf({ limits }: GPUDevice): PlacementLimits {
  return {
    buffer_bytes: limits.maxBufferSize,
    binding_bytes: limits.maxStorageBufferBindingSize,
  };
}

/** Reads the weights that stay on the GPU, and compiles meanwhile whatever passes will run. */
export async function fillAndCompile(model: Model, prefill_tokens: number): Promise<void> {
  const compiled = Pipelines.of(model.ledger.device).prepare(neededBy(model, prefill_tokens));
  // When reading fails nobody waits for it.
  compiled.catch(() => undefined);
  await model.weights.fill();
  await compiled;
}

/** Every pipeline that passes of up to `prefill_tokens` take. */
function neededBy(model: Model, prefill_tokens: number): Specialization[] {
  const needed = Sampler.specializations({
    vocab_size: model.config.vocab_size,
    quad: model.units.quad,
  });
  const collector = { dispatch: (specialization: Specialization) => needed.push(specialization) };
  // Of many tokens, few and many may take kernels of other tiles.
  for (const tokens of [1, MATVEC_TOKENS + 1, prefill_tokens]) {
    rehearse(model, collector, Math.min(tokens, prefill_tokens));
  }
  return needed;
}
