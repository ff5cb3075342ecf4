import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import type { Specialization } from '../gpu/kernel.ts';

/** The tokens of a pass: so many of one sequence, from position `first` on. */
export interface Pass {
  readonly tokens: number;
  readonly first: number;
}

/** What one dispatch of a kernel has to do at least. */
export interface Work {
  readonly shape: string;
  /** Bytes that it must read or write, each once. */
  readonly bytes: number;
  /** Multiplications and additions; exponentials, comparisons and decoding do not count. */
  readonly operations: number;
}

type Shape = Readonly<Record<string, number>>;
type WorkOf = (shape: Shape, pass: Pass, type: BlockTypeName | undefined) => Work;

const FLOAT = 4;

const matrix: WorkOf = ({ ROWS = 0, COLS = 0, GATED }, { tokens }, type) => {
  const outputs = GATED ? ROWS / 2 : ROWS;
  return {
    shape: `${ROWS}×${COLS}${GATED ? ' gated' : ''}`,
    bytes: storedBytes(type, ROWS * COLS) + tokens * (COLS + outputs) * FLOAT,
    operations: 2 * tokens * ROWS * COLS,
  };
};

/** Each token sees itself and all before it. */
const attention: WorkOf = (shape, { tokens, first }) => {
  const { HEADS = 0, KV_HEADS = 0, HEAD_DIM = 0 } = shape;
  const seen = tokens * first + (tokens * (tokens + 1)) / 2;
  const cached = (first + tokens) * 2 * KV_HEADS;
  return {
    shape: headsOf(shape),
    bytes: (cached + tokens * 2 * HEADS) * HEAD_DIM * FLOAT,
    operations: 4 * seen * HEADS * HEAD_DIM,
  };
};

const row = (count: number, width: number): Work => ({
  shape: String(count),
  bytes: count * width,
  operations: 0,
});

const WORK: Readonly<Record<string, WorkOf>> = {
  matvec: matrix,
  matvec_fixed: matrix,
  matvec_quad: matrix,
  matmul: matrix,
  matmul_quad: matrix,
  matmul_subgroup: matrix,
  attention,
  attention_quad: attention,
  attention_split: attention,
  // The shares of the keys, as many as there are pages at most.
  attention_merge: ({ HEADS = 0, HEAD_DIM = 0, PAGE = 1, SPLITS = 0 }, { tokens, first }) => {
    const splits = Math.min(SPLITS, Math.floor(first / PAGE) + 1);
    return {
      shape: `${HEADS} heads of ${HEAD_DIM}`,
      bytes: tokens * HEADS * (splits * (HEAD_DIM + 2) + HEAD_DIM) * FLOAT,
      operations: 2 * tokens * HEADS * splits * HEAD_DIM,
    };
  },
  rope_append: (shape, { tokens }) => {
    const { HEADS = 0, KV_HEADS = 0, HEAD_DIM = 0 } = shape;
    const values = tokens * (HEADS + 2 * KV_HEADS) * HEAD_DIM;
    const turned = tokens * (HEADS + KV_HEADS) * HEAD_DIM;
    return { shape: headsOf(shape), bytes: 2 * values * FLOAT, operations: 3 * turned };
  },
  gather_rows: ({ COLS = 0 }, { tokens }, type) => ({
    shape: String(COLS),
    bytes: storedBytes(type, tokens * COLS) + tokens * COLS * FLOAT,
    operations: 0,
  }),
  rms_norm: ({ HIDDEN = 0 }, { tokens }) => ({
    shape: String(HIDDEN),
    bytes: (2 * tokens + 1) * HIDDEN * FLOAT,
    operations: 4 * tokens * HIDDEN,
  }),
  activate: ({ WIDTH = 0, GATED }, { tokens }) => ({
    shape: String(WIDTH),
    bytes: (GATED ? 3 : 2) * tokens * WIDTH * FLOAT,
    operations: 3 * tokens * WIDTH,
  }),
  argmax: ({ COUNT = 0, FROM_LOGITS }) => row(COUNT, FROM_LOGITS ? FLOAT : 4 * FLOAT),
  softmax_sum: ({ COUNT = 0, FROM_LOGITS }) => row(COUNT, FROM_LOGITS ? FLOAT : 4 * FLOAT),
  strided_max: ({ COUNT = 0 }) => row(COUNT, FLOAT),
  top_k: ({ COUNT = 0, FROM_LOGITS }) => row(COUNT, FROM_LOGITS ? FLOAT : 2 * FLOAT),
  keep_likely: ({ COUNT = 0 }) => row(COUNT, FLOAT),
  draw: ({ COUNT = 0 }) => row(COUNT, 2 * FLOAT),
};

/** What a kernel has to do for a pass. */
export function workOf({ kernel, constants, type }: Specialization, pass: Pass): Work {
  const work = WORK[kernel.label];
  if (!work) throw new TypeError(`nobody has said what ${kernel.label} has to do`);
  const shape = Object.fromEntries(
    Object.entries(constants).map(([name, value]) => [name, Number(value)]),
  );
  return work(shape, pass, type);
}

function storedBytes(type: BlockTypeName | undefined, values: number): number {
  const { planes, block_size } = BLOCK_TYPES[type!];
  return (values / block_size) * planes.reduce((sum, plane) => sum + plane.bytes_per_block, 0);
}

function headsOf({ HEADS, KV_HEADS, HEAD_DIM }: Shape): string {
  return `${HEADS}:${KV_HEADS} heads of ${HEAD_DIM}`;
}
