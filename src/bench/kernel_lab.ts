import { BatchInputs, batchOf } from '../engine/batch.ts';
import type { Dispatcher } from '../engine/dispatcher.ts';
import { KvCache, type LayerCache } from '../engine/kv_cache.ts';
import { Ops } from '../engine/ops.ts';
import { Sampler } from '../engine/sampler.ts';
import { checkSampling } from '../engine/sampling.ts';
import { createState, type State } from '../engine/state.ts';
import { Commands } from '../gpu/commands.ts';
import { type ComputeUnits, computeUnits } from '../gpu/compute_units.ts';
import type { Gpu } from '../gpu/device.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { Pipelines } from '../gpu/pipelines.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Pass } from './kernel_work.ts';
import { WeightArena } from './weight_arena.ts';

/** Rows of an embedding that are looked up. */
export const EMBEDDING_ROWS = 2 ** 14;
/** Layers of which the cache is kept, at most. */
const MOST_LAYERS = 64;

/** Everything that the steps of a model with these dimensions work on, full of random numbers. */
export class KernelLab {
  readonly config: ModelConfig;
  readonly ledger: BufferLedger;
  readonly pipelines: Pipelines;
  readonly commands: Commands;
  readonly state: State;
  readonly inputs: BatchInputs;
  readonly sampler: Sampler;
  readonly arena: WeightArena;
  /** The keys and values of some layers, for the pass at hand. */
  caches: readonly LayerCache[] = [];

  private readonly units: ComputeUnits;
  private kv: KvCache | null = null;
  private kv_ledger: BufferLedger;
  private pass: Pass = { tokens: 1, first: 0 };

  private constructor(
    units: ComputeUnits,
    config: ModelConfig,
    ledger: BufferLedger,
    commands: Commands,
    pipelines: Pipelines,
    parts: Pick<KernelLab, 'state' | 'inputs' | 'sampler' | 'arena'>,
  ) {
    this.units = units;
    this.config = config;
    this.ledger = ledger;
    this.kv_ledger = new BufferLedger(ledger.device);
    this.commands = commands;
    this.pipelines = pipelines;
    this.state = parts.state;
    this.inputs = parts.inputs;
    this.sampler = parts.sampler;
    this.arena = parts.arena;
  }

  /**
   * @param max_tokens of the largest pass
   * @param arena_bytes memory for the copies of a matrix, twice, and for caches
   */
  static async create(
    gpu: Gpu,
    config: ModelConfig,
    max_tokens: number,
    arena_bytes: number,
  ): Promise<KernelLab> {
    const ledger = new BufferLedger(gpu.device);
    try {
      const pipelines = Pipelines.of(gpu.device);
      const commands = new Commands(gpu.device, pipelines);
      const state = await createState(ledger, config, max_tokens, 1);
      const inputs = await BatchInputs.create(ledger, config, max_tokens);
      const arena = await WeightArena.create(ledger, commands, arena_bytes);
      for (const buffer of Object.values<GPUBuffer>({ ...state })) arena.fill(buffer);
      const { vocab_size } = config;
      const units = await computeUnits(gpu);
      const { logits } = state;
      const target = { logits, next_id: inputs.ids, vocab_size, quad: units.quad };
      const sampler = await Sampler.create(ledger, commands, target);
      await pipelines.prepare(Sampler.specializations(target));
      // So that there is a temperature.
      sampler.begin([], checkSampling({ temperature: 1 }));
      await sampler.choose(0, 0.5);
      const parts = { state, inputs, sampler, arena };
      return new KernelLab(units, config, ledger, commands, pipelines, parts);
    } catch (error) {
      ledger.destroyAll();
      throw error;
    }
  }

  /**
   * Makes ready for a pass.
   * @param cached whether its steps look at the cache: then there are so many layers that none stays in a cache
   */
  async begin(pass: Pass, cached: boolean): Promise<void> {
    const { config, commands, arena } = this;
    const positions = pass.first + pass.tokens;
    const layer_bytes = 2 * 4 * positions * config.num_key_value_heads * config.head_dim;
    const layers = Math.min(MOST_LAYERS, Math.ceil(arena.bytes / layer_bytes));
    const some = { ...config, num_hidden_layers: cached ? layers : 1 };
    this.kv_ledger.destroyAll();
    const kv = await KvCache.create(this.kv_ledger, commands, some, 1, positions);
    await kv.reserve(0, positions);
    for (const { k, v } of kv.layers) for (const buffer of [k, v]) arena.fill(buffer);
    this.kv = kv;
    this.caches = kv.layers;
    this.pass = pass;
    const ids = Uint32Array.from({ length: pass.tokens }, (_, i) => (i * 7919) % EMBEDDING_ROWS);
    this.inputs.write(batchOf(ids, pass.first));
  }

  /** The steps of the pass at hand. */
  ops(dispatcher: Dispatcher): Ops {
    const { config, inputs, state, units } = this;
    const model = { config, inputs, kv: this.kv!, state, units };
    return new Ops(dispatcher, model, this.pass.tokens, { buffer: inputs.pass });
  }

  destroy(): void {
    this.kv_ledger.destroyAll();
    this.ledger.destroyAll();
  }
}
