import type { BufferView, Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { ModelConfig } from '../model/config.ts';
import type { BatchInputs } from './batch.ts';
import { type KvCache, type LayerCache, PAGE } from './kv_cache.ts';
import type { WeightTensor } from './slot.ts';

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

/** Up to this many tokens a matrix is multiplied vector by vector. */
const MATVEC_TOKENS = 4;

/**
 * The steps of a transformer as kernels, over the tokens of one batch. All activations are f32, rows of tokens.
 * On a device with subgroups of four (a GPU emulated on the CPU) the matrix kernels are those made for it.
 */
export class Ops {
  private readonly dispatcher: Dispatcher;
  private readonly config: ModelConfig;
  private readonly inputs: BatchInputs;
  private readonly kv: KvCache;
  private readonly quad: boolean;
  /** Rows of activations, and the uniform that holds their number. */
  private readonly tokens: number;
  private readonly pass: GPUBuffer;

  constructor(
    dispatcher: Dispatcher,
    model: { config: ModelConfig; inputs: BatchInputs; kv: KvCache; quad: boolean },
    tokens: number,
    pass: GPUBuffer,
  ) {
    this.dispatcher = dispatcher;
    this.config = model.config;
    this.inputs = model.inputs;
    this.kv = model.kv;
    this.quad = model.quad;
    this.tokens = tokens;
    this.pass = pass;
  }

  /** y = rows of `weight`, in the order in which they were loaded. */
  gatherRows(weight: WeightTensor, y: BufferView): void {
    for (const tile of weight.tiles) {
      const at = tile.first_row * weight.cols * 4;
      this.dispatcher.dispatch(
        { kernel: kernels.gather_rows, constants: { COLS: weight.cols }, type: weight.type },
        { ids: { buffer: this.inputs.order }, y: { ...y, offset: (y.offset ?? 0) + at } },
        tile.rows,
        tile.planes,
      );
    }
  }

  rmsNorm(x: GPUBuffer, weight: WeightTensor, y: GPUBuffer): void {
    const { hidden_size, rms_norm_eps } = this.config;
    this.dispatcher.dispatch(
      { kernel: kernels.rms_norm, constants: { HIDDEN: hidden_size, EPS: rms_norm_eps } },
      { x: { buffer: x }, weight: weight.tiles[0]!.planes[0]!, y: { buffer: y } },
      this.tokens,
    );
  }

  /** y = W x, or y += W x. */
  linear(weight: WeightTensor, x: GPUBuffer, y: GPUBuffer, options: LinearOptions = {}): void {
    const { accumulate = false, first_output = 0, outputs = weight.rows } = options;
    const many = this.tokens > MATVEC_TOKENS;
    const kernel = this.quad
      ? many
        ? kernels.matmul_quad
        : kernels.matvec_quad
      : many
        ? kernels.matmul
        : kernels.matvec;
    for (const tile of weight.tiles) {
      this.dispatcher.dispatch(
        {
          kernel,
          constants: {
            ROWS: tile.rows,
            COLS: weight.cols,
            Y_STRIDE: outputs,
            ACCUMULATE: accumulate,
          },
          type: weight.type,
        },
        {
          pass: { buffer: this.pass },
          x: { buffer: x },
          y: { buffer: y, offset: (first_output + tile.first_row) * 4 },
        },
        this.tokens,
        tile.planes,
      );
    }
  }

  /** Turns every head of x `[tokens, heads, head_dim]` by its position, in place. */
  rope(x: GPUBuffer, heads: number): void {
    const { head_dim, rope_dim } = this.config;
    this.dispatcher.dispatch(
      { kernel: kernels.rope, constants: { HEADS: heads, HEAD_DIM: head_dim, ROPE_DIM: rope_dim } },
      { pass: { buffer: this.pass }, turns: { buffer: this.inputs.turns }, x: { buffer: x } },
      this.tokens,
    );
  }

  kvAppend(k: GPUBuffer, v: GPUBuffer, cache: LayerCache): void {
    const width = this.config.num_key_value_heads * this.config.head_dim;
    this.dispatcher.dispatch(
      {
        kernel: kernels.kv_append,
        constants: { WIDTH: width, PAGE, MAX_PAGES: this.kv.max_pages },
      },
      {
        tokens: { buffer: this.inputs.tokens },
        page_table: { buffer: this.kv.page_table },
        k: { buffer: k },
        v: { buffer: v },
        k_cache: { buffer: cache.k },
        v_cache: { buffer: cache.v },
      },
      this.tokens,
    );
  }

  /** y = softmax(q k^T / sqrt(head_dim)) v over everything that the token may see. */
  attention(q: GPUBuffer, cache: LayerCache, y: GPUBuffer): void {
    const { num_attention_heads, num_key_value_heads, head_dim } = this.config;
    this.dispatcher.dispatch(
      {
        kernel: kernels.attention,
        constants: {
          HEADS: num_attention_heads,
          KV_HEADS: num_key_value_heads,
          HEAD_DIM: head_dim,
          SCALE: 1 / Math.sqrt(head_dim),
          PAGE,
          MAX_PAGES: this.kv.max_pages,
        },
      },
      {
        spans: { buffer: this.inputs.spans },
        tokens: { buffer: this.inputs.tokens },
        page_table: { buffer: this.kv.page_table },
        q: { buffer: q },
        k_cache: { buffer: cache.k },
        v_cache: { buffer: cache.v },
        y: { buffer: y },
      },
      this.inputs.span_count,
    );
  }

  /** gate = silu(gate) * up */
  siluMul(gate: GPUBuffer, up: GPUBuffer): void {
    this.dispatcher.dispatch(
      { kernel: kernels.silu_mul, constants: { WIDTH: this.config.intermediate_size } },
      { pass: { buffer: this.pass }, gate: { buffer: gate }, up: { buffer: up } },
      this.tokens,
    );
  }
}
