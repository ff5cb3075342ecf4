import type { ComputeUnits } from '../gpu/compute_units.ts';
import type { BufferView, Constants, Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { ModelConfig } from '../model/config.ts';
import type { BatchInputs } from './batch.ts';
import { type Candidate, type Choices, chosen, MATVEC_TOKENS } from './choices.ts';
import { type KvCache, type LayerCache, PAGE } from './kv_cache.ts';
import type { WeightTensor, WeightTile } from './slot.ts';
import type { State } from './state.ts';

/** Takes kernels in order: `Commands` runs them, a collector only notes which pipelines they need. */
export interface Dispatcher {
  dispatch(
    specialization: Specialization,
    buffers: Readonly<Record<string, BufferView>>,
    tokens: number,
    planes?: readonly BufferView[],
  ): void;
}

export interface LinearOptions {
  /** Add to the output instead of replacing it: the residual connection. */
  readonly accumulate?: boolean;
  /** Where the first row's output goes, and how many outputs a token has in all: for a part of the head. */
  readonly first_output?: number;
  readonly outputs?: number;
}

export interface OpsModel {
  readonly config: ModelConfig;
  readonly inputs: BatchInputs;
  readonly kv: KvCache;
  readonly state: State;
  readonly units: ComputeUnits;
  /** Kernels that a tuning chose; those of the rules unless given. */
  readonly choices?: Choices | undefined;
}

/** A binding begins at a multiple of so many floats (`minStorageBufferOffsetAlignment`). */
const BINDING_FLOATS = 64;
/**
 * The steps of a transformer as kernels, over the tokens of one batch. All activations are f32, rows of tokens. On a
 * device with subgroups of four (a GPU emulated on the CPU) the matrix kernels are those made for it; on all others
 * a pass of few tokens fuses norm, matrix and gate, and a pass of one token for each sequence RoPE, cache and attention.
 */
export class Ops {
  private readonly dispatcher: Dispatcher;
  private readonly config: ModelConfig;
  private readonly inputs: BatchInputs;
  private readonly kv: KvCache;
  private readonly state: State;
  private readonly units: ComputeUnits;
  private readonly choices: Choices;
  /** Rows of activations, and the uniform that holds their number. */
  private readonly tokens: number;
  private readonly pass: GPUBuffer;

  constructor(dispatcher: Dispatcher, model: OpsModel, tokens: number, pass: GPUBuffer) {
    this.dispatcher = dispatcher;
    this.config = model.config;
    this.inputs = model.inputs;
    this.kv = model.kv;
    this.state = model.state;
    this.units = model.units;
    this.choices = model.choices ?? {};
    this.tokens = tokens;
    this.pass = pass;
  }

  /**
   * y = rows of `weight`.
   * @param ids which rows: `[tokens]` u32
   */
  gatherRows(weight: WeightTensor, ids: BufferView, y: BufferView): void {
    for (const tile of weight.tiles) {
      const at = tile.first_row * weight.cols * 4;
      this.dispatcher.dispatch(
        { kernel: kernels.gather_rows, constants: { COLS: weight.cols }, type: tile.type },
        { ids, y: { ...y, offset: (y.offset ?? 0) + at } },
        Math.min(tile.rows, this.tokens),
        tile.planes,
      );
    }
  }

  rmsNorm(x: GPUBuffer, weight: WeightTensor, y: GPUBuffer): void {
    const { hidden_size, rms_norm_eps } = this.config;
    const { subgroup_size, quad } = this.units;
    const constants = {
      HIDDEN: hidden_size,
      EPS: rms_norm_eps,
      THREADS: quad ? 16 : 64,
      ...(subgroup_size && { SUBGROUP: subgroup_size }),
    };
    this.dispatcher.dispatch(
      {
        kernel: subgroup_size ? kernels.withSubgroups(kernels.rms_norm) : kernels.rms_norm,
        constants,
      },
      { x: { buffer: x }, weight: weight.tiles[0]!.planes[0]!, y: { buffer: y } },
      this.tokens,
    );
  }

  /** y = W x, or y += W x. */
  linear(weight: WeightTensor, x: GPUBuffer, y: GPUBuffer, options: LinearOptions = {}): void {
    const { accumulate = false, first_output = 0, outputs = weight.rows } = options;
    for (const tile of weight.tiles) {
      const first = first_output + tile.first_row;
      const rest = first % BINDING_FLOATS;
      const { kernel, constants } = this.matrixKernel(weight, tile, outputs);
      this.dispatcher.dispatch(
        {
          kernel,
          constants: {
            ...constants,
            ROWS: tile.rows,
            COLS: weight.cols,
            Y_STRIDE: outputs,
            ACCUMULATE: accumulate,
            ...(rest > 0 && { Y_FIRST: rest }),
          },
          type: tile.type,
        },
        {
          pass: { buffer: this.pass },
          x: { buffer: x },
          y: { buffer: y, offset: (first - rest) * 4 },
        },
        this.tokens,
        tile.planes,
      );
    }
  }

  /** y = W rms_norm(x) */
  normedLinear(x: GPUBuffer, norm: WeightTensor, weight: WeightTensor, y: GPUBuffer): void {
    const tile = this.fusable(weight);
    if (tile) {
      this.matvecNormed(x, norm, weight, tile, y, { Y_STRIDE: weight.rows, GATED: false });
    } else {
      this.rmsNorm(x, norm, this.state.normed);
      this.linear(weight, this.state.normed, y);
    }
  }

  /** y = silu(gate) * up, where gate and up, one under the other, are W rms_norm(x) */
  normedGatedLinear(x: GPUBuffer, norm: WeightTensor, weight: WeightTensor, y: GPUBuffer): void {
    const tile = this.fusable(weight);
    if (tile) {
      this.matvecNormed(x, norm, weight, tile, y, { Y_STRIDE: weight.rows / 2, GATED: true });
    } else {
      this.normedLinear(x, norm, weight, this.state.gate_up);
      this.siluMul(this.state.gate_up, y);
    }
  }

  /** y = softmax(q k^T / sqrt(head_dim)) v over everything that each token may see; k and v go to the cache. */
  attention(qkv: GPUBuffer, cache: LayerCache, y: GPUBuffer): void {
    const { num_attention_heads, num_key_value_heads, head_dim, rope_dim } = this.config;
    const heads = {
      HEADS: num_attention_heads,
      KV_HEADS: num_key_value_heads,
      HEAD_DIM: head_dim,
      PAGE,
      MAX_PAGES: this.kv.max_pages,
    };
    const rope = { ROPE_DIM: rope_dim };
    const scale = { SCALE: 1 / Math.sqrt(head_dim) };
    const buffers = {
      tokens: { buffer: this.inputs.tokens },
      page_table: { buffer: this.kv.page_table },
      turns: { buffer: this.inputs.turns },
      spans: { buffer: this.inputs.spans },
      qkv: { buffer: qkv },
      k_cache: { buffer: cache.k },
      v_cache: { buffer: cache.v },
      y: { buffer: y },
    };
    const alone = this.tokens === 1 || this.inputs.one_per_sequence;
    if (alone && !this.quad) {
      const { SPLITS } = kernels;
      const parts = {
        parts: { buffer: this.state.attention_parts },
        weights: { buffer: this.state.attention_weights },
      };
      this.dispatcher.dispatch(
        { kernel: kernels.attention_split, constants: { ...heads, ...rope, ...scale, SPLITS } },
        { ...buffers, ...parts },
        this.tokens,
      );
      this.dispatcher.dispatch(
        {
          kernel: kernels.attention_merge,
          constants: { HEADS: num_attention_heads, HEAD_DIM: head_dim, PAGE, SPLITS },
        },
        { ...buffers, ...parts },
        this.tokens,
      );
      return;
    }
    this.dispatcher.dispatch(
      { kernel: kernels.rope_append, constants: { ...heads, ...rope } },
      buffers,
      this.tokens,
    );
    this.dispatcher.dispatch(
      {
        kernel: this.quad ? kernels.attention_quad : kernels.attention,
        constants: { ...heads, ...scale },
      },
      buffers,
      this.inputs.span_count,
    );
  }

  private siluMul(gate_up: GPUBuffer, y: GPUBuffer): void {
    this.dispatcher.dispatch(
      { kernel: kernels.silu_mul, constants: { WIDTH: this.config.intermediate_size } },
      { pass: { buffer: this.pass }, gate_up: { buffer: gate_up }, y: { buffer: y } },
      this.tokens,
    );
  }

  private matvecNormed(
    x: GPUBuffer,
    norm: WeightTensor,
    weight: WeightTensor,
    tile: WeightTile,
    y: GPUBuffer,
    constants: Constants,
  ): void {
    const matvec = this.matrixKernel(weight, tile, weight.rows);
    this.dispatcher.dispatch(
      {
        kernel: kernels.normed(matvec.kernel),
        constants: {
          ...matvec.constants,
          ROWS: tile.rows,
          COLS: weight.cols,
          ACCUMULATE: false,
          EPS: this.config.rms_norm_eps,
          ...constants,
        },
        type: tile.type,
      },
      { x: { buffer: x }, norm_weight: norm.tiles[0]!.planes[0]!, y: { buffer: y } },
      this.tokens,
      tile.planes,
    );
  }

  private get quad(): boolean {
    return this.units.quad;
  }

  /** The tile of a matrix that the fused kernels can take; null when they cannot. */
  private fusable({ tiles }: WeightTensor): WeightTile | null {
    return !this.quad && this.tokens <= MATVEC_TOKENS && tiles.length === 1 ? tiles[0]! : null;
  }

  /** The kernel for as many tokens as there are, and for this device; `rows` are those of the whole matrix. */
  private matrixKernel({ cols }: WeightTensor, { type }: WeightTile, rows: number): Candidate {
    return chosen(this.choices, { rows, cols, type }, this.tokens, this.units);
  }
}
