import type { ComputeUnits } from '../gpu/compute_units.ts';
import type { BufferView, Constants, Kernel, Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { ModelConfig } from '../model/config.ts';
import { storedWidth } from '../model/tensors.ts';
import type { BatchInputs } from './batch.ts';
import { type Candidate, type Choices, chosen, MATVEC_TOKENS } from './choices.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { KvCache } from './kv_cache.ts';
import type { WeightTensor, WeightTile } from './slot.ts';
import type { State } from './state.ts';

export interface LinearOptions {
  /** Add to the output instead of replacing it: the residual connection. */
  readonly accumulate?: boolean;
  /** Where the first row's output goes, and how many outputs a token has in all: for a part of the head. */
  readonly first_output?: number;
  readonly outputs?: number;
}

/** A norm's weights, and a LayerNorm's bias. */
export interface NormWeights {
  readonly weight: WeightTensor;
  readonly bias?: WeightTensor | undefined;
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
  readonly dispatcher: Dispatcher;
  readonly config: ModelConfig;
  readonly inputs: BatchInputs;
  readonly kv: KvCache;
  readonly state: State;
  readonly units: ComputeUnits;
  readonly choices: Choices;
  /** Rows of activations, and the uniform that holds their number. */
  readonly tokens: number;
  readonly pass: BufferView;

  constructor(dispatcher: Dispatcher, model: OpsModel, tokens: number, pass: BufferView) {
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
  gatherRows(
    weight: WeightTensor,
    ids: BufferView,
    y: BufferView,
    { scale = 1, accumulate = false }: { scale?: number; accumulate?: boolean } = {},
  ): void {
    const constants = {
      COLS: weight.cols,
      ...(scale !== 1 && { SCALE: scale }),
      ...(accumulate && { ACCUMULATE: true }),
    };
    for (const tile of weight.tiles) {
      const at = tile.first_row * weight.cols * 4;
      this.dispatcher.dispatch(
        { kernel: kernels.gather_rows, constants, type: tile.type },
        { ids, y: { ...y, offset: (y.offset ?? 0) + at } },
        // Tiles share the tokens among them. One alone has all, though its table may be shorter than that.
        weight.tiles.length > 1 ? tile.rows : this.tokens,
        tile.planes,
      );
    }
  }

  /** y = norm(x), or y += norm(x). */
  norm(x: GPUBuffer, { weight, bias }: NormWeights, y: GPUBuffer, accumulate = false): void {
    const { kind } = this.config.norm;
    const kernel = kind === 'rms' ? kernels.rms_norm : kernels.layer_norm;
    const constants = {
      HIDDEN: this.hidden_width,
      ...this.normConstants(),
      ...(accumulate && { ACCUMULATE: true }),
    };
    this.dispatcher.dispatch(
      this.reducing(kernel, constants),
      {
        x: { buffer: x },
        weight: vectorOf(weight),
        ...(bias && { bias: vectorOf(bias) }),
        y: { buffer: y },
      },
      this.tokens,
    );
  }

  /** y = W x (+ bias), or y += W x (+ bias). */
  linear(
    weight: WeightTensor,
    bias: WeightTensor | undefined,
    x: GPUBuffer,
    y: GPUBuffer,
    options: LinearOptions = {},
  ): void {
    const { accumulate = false, first_output = 0, outputs = weight.rows } = options;
    if (bias) this.addBias(bias, weight.rows, y, outputs, accumulate);
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
            ACCUMULATE: accumulate || bias !== undefined,
            ...(rest > 0 && { Y_FIRST: rest }),
          },
          type: tile.type,
        },
        {
          pass: this.pass,
          x: { buffer: x },
          y: { buffer: y, offset: (first - rest) * 4 },
        },
        this.tokens,
        tile.planes,
      );
    }
  }

  /** y = W norm(x) (+ bias); x as it is without a norm */
  normedLinear(
    x: GPUBuffer,
    norm: NormWeights | null,
    weight: WeightTensor,
    bias: WeightTensor | undefined,
    y: GPUBuffer,
  ): void {
    const tile = this.fusable(weight);
    if (!norm) {
      this.linear(weight, bias, x, y);
    } else if (tile) {
      if (bias) this.addBias(bias, weight.rows, y, weight.rows, false);
      const constants = { Y_STRIDE: weight.rows, GATED: false, ACCUMULATE: bias !== undefined };
      this.fusedMatvec(x, norm, weight, tile, y, constants);
    } else {
      this.norm(x, norm, this.state.normed);
      this.linear(weight, bias, this.state.normed, y);
    }
  }

  /** Adds W y (+ bias), normed if there is a norm behind the block, to the residual stream. */
  residual(
    weight: WeightTensor,
    bias: WeightTensor | undefined,
    y: GPUBuffer,
    norm: NormWeights | null,
  ): void {
    const { x, normed: added } = this.state;
    const { residual_multiplier } = this.config;
    const outputs = this.hidden_width;
    if (!norm && residual_multiplier === 1) {
      this.linear(weight, bias, y, x, { accumulate: true, outputs });
      return;
    }
    this.linear(weight, bias, y, added, { outputs });
    if (norm) this.norm(added, norm, x, true);
    else this.addScaled(added, residual_multiplier, x);
  }

  /** Logits as the model means them: scaled, capped. */
  finishLogits(logits: GPUBuffer): void {
    const { vocab_size, logit_multiplier, logit_softcap } = this.config;
    if (logit_multiplier === 1 && logit_softcap === null) return;
    const constants = { COUNT: vocab_size, SCALE: logit_multiplier, CAP: logit_softcap ?? 0 };
    this.dispatcher.dispatch(
      { kernel: kernels.finish_logits, constants },
      { logits: { buffer: logits } },
      this.tokens,
    );
  }

  /** y = bias, or y += bias. */
  private addBias(
    bias: WeightTensor,
    rows: number,
    y: GPUBuffer,
    stride: number,
    accumulate: boolean,
  ): void {
    this.dispatcher.dispatch(
      {
        kernel: kernels.add_bias,
        constants: { ROWS: rows, Y_STRIDE: stride, ACCUMULATE: accumulate },
      },
      { pass: this.pass, bias: vectorOf(bias), y: { buffer: y } },
      this.tokens,
    );
  }

  private addScaled(y: GPUBuffer, scale: number, x: GPUBuffer): void {
    this.dispatcher.dispatch(
      { kernel: kernels.add_scaled, constants: { WIDTH: this.hidden_width, SCALE: scale } },
      { y: { buffer: y }, x: { buffer: x } },
      this.tokens,
    );
  }

  private normConstants(): Constants {
    const { hidden_size, norm } = this.config;
    return {
      EPS: norm.eps,
      ...(this.hidden_width > hidden_size && { VALUES: hidden_size }),
      ...(norm.weight_offset !== 0 && { WEIGHT_OFFSET: norm.weight_offset }),
    };
  }

  /** A kernel whose workgroups add something up. */
  reducing(kernel: Kernel, constants: Constants): Specialization {
    const { subgroup_size, quad } = this.units;
    return {
      kernel: subgroup_size ? kernels.withSubgroups(kernel) : kernel,
      constants: {
        ...constants,
        THREADS: quad ? 16 : 64,
        ...(subgroup_size && { SUBGROUP: subgroup_size }),
      },
    };
  }

  /** y = W norm(x) in one dispatch; x as it is without a norm. `tile` is what `fusable` returned. */
  fusedMatvec(
    x: GPUBuffer,
    norm: NormWeights | null,
    weight: WeightTensor,
    tile: WeightTile,
    y: GPUBuffer,
    constants: Constants,
  ): void {
    const matvec = this.matrixKernel(weight, tile, weight.rows);
    this.dispatcher.dispatch(
      {
        kernel: norm ? kernels.normed(matvec.kernel) : matvec.kernel,
        constants: {
          ...matvec.constants,
          ROWS: tile.rows,
          COLS: weight.cols,
          ...(norm && this.normConstants()),
          ...constants,
        },
        type: tile.type,
      },
      {
        pass: this.pass,
        x: { buffer: x },
        ...(norm && { norm_weight: vectorOf(norm.weight) }),
        y: { buffer: y },
      },
      this.tokens,
      tile.planes,
    );
  }

  get quad(): boolean {
    return this.units.quad;
  }

  /** Floats from one row of the residual stream to the next. */
  get hidden_width(): number {
    return storedWidth(this.config.hidden_size);
  }

  /** The tile of a matrix that the kernels can take that norm its input; null when they cannot. */
  fusable({ tiles }: WeightTensor): WeightTile | null {
    const few = !this.quad && this.tokens <= MATVEC_TOKENS && tiles.length === 1;
    return few && this.config.norm.kind === 'rms' ? tiles[0]! : null;
  }

  /** The kernel for as many tokens as there are, and for this device; `rows` are those of the whole matrix. */
  private matrixKernel({ cols }: WeightTensor, { type }: WeightTile, rows: number): Candidate {
    return chosen(this.choices, { rows, cols, type }, this.tokens, this.units);
  }
}

export const vectorOf = ({ tiles }: WeightTensor): BufferView => tiles[0]!.planes[0]!;
