import type { BlockTypeName } from '../formats/block_types.ts';
import type { ComputeUnits } from '../gpu/compute_units.ts';
import type { Constants, Kernel } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import { hasBytes } from '../gpu/quants.ts';

/** A whole matrix, also where it is multiplied tile by tile: each tile is then summed up in the same order. */
export interface MatrixShape {
  readonly rows: number;
  readonly cols: number;
  readonly type: BlockTypeName;
}

/** Names of the kernels that a tuning found fastest, by `keyOf`; whatever is not here is chosen by rule. */
export type Choices = Readonly<Record<string, string>>;

/** A way to multiply a matrix. */
export interface Candidate {
  readonly name: string;
  readonly kernel: Kernel;
  readonly constants: Constants;
}

/** Up to this many tokens a matrix is multiplied vector by vector. */
export const MATVEC_TOKENS = 4;
/** Beyond so many rows every part of a GPU has work, and more rows change nothing. */
const MOST_ROWS = 2 ** 14;
/** Invocations that share the rows of a matvec: as many as a row has blocks of 32 columns, within these. */
const MATVEC_THREADS = [32, 64, 128, 256];
const FIXED_THREADS = 256;

export function keyOf({ rows, cols, type }: MatrixShape, tokens: number): string {
  const few = tokens <= MATVEC_TOKENS ? 'vector' : 'matrix';
  return `${few} ${type} ${Math.min(rows, MOST_ROWS)}x${cols}`;
}

/** The kernel for a product: what was chosen if this device has it, else what the rules say. */
export function chosen(
  choices: Choices,
  shape: MatrixShape,
  tokens: number,
  units: ComputeUnits,
): Candidate {
  const all = candidates(shape, tokens, units);
  const name = choices[keyOf(shape, tokens)];
  return all.find((candidate) => candidate.name === name) ?? all[0]!;
}

/** Every kernel that this device has for a product, first the one that the rules say. */
export function candidates(
  shape: MatrixShape,
  tokens: number,
  { quad, subgroup_size, packed_dots, matrices }: ComputeUnits,
): Candidate[] {
  const many = tokens > MATVEC_TOKENS;
  if (quad) return [plain(many ? kernels.matmul_quad : kernels.matvec_quad)];
  if (many) {
    const WIDE = kernels.isWide(shape.rows, tokens);
    const f32 = plain(kernels.matmul, { WIDE });
    return matrices ? [plain(kernels.matmul_subgroup, { WIDE }), f32] : [f32];
  }
  const THREADS =
    MATVEC_THREADS.find((threads) => threads * 32 >= shape.cols) ?? MATVEC_THREADS.at(-1)!;
  if (!subgroup_size) return [plain(kernels.matvec, { GATED: false, THREADS })];
  const SUBGROUP = subgroup_size;
  const f32 = plain(kernels.withSubgroups(kernels.matvec), { GATED: false, THREADS, SUBGROUP });
  if (!packed_dots || !hasBytes(shape.type)) return [f32];
  const shares = sharesOf(shape, SUBGROUP);
  const rule = shares.find((count) => fills(shape, count, SUBGROUP)) ?? shares.at(-1)!;
  const fixed = [rule, ...shares.filter((count) => count !== rule)].map((SHARES) => ({
    name: `matvec_fixed ${SHARES}`,
    kernel: kernels.matvec_fixed,
    constants: { GATED: false, SUBGROUP, THREADS: FIXED_THREADS, SHARES },
  }));
  return [...fixed, f32];
}

const plain = (kernel: Kernel, constants: Constants = {}): Candidate => ({
  name: kernel.label,
  kernel,
  constants,
});

/** How many subgroups of `matvec_fixed` may share a row's columns: no more than have columns. */
function sharesOf({ cols }: MatrixShape, subgroup: number): number[] {
  const most = Math.min(FIXED_THREADS / subgroup, cols / ((32 * subgroup) / 2));
  const shares = [1];
  while (2 * shares.at(-1)! <= most) shares.push(2 * shares.at(-1)!);
  return shares;
}

/** Whether so many give every part of the GPU a workgroup, as seen on an H200. */
function fills({ rows }: MatrixShape, shares: number, subgroup: number): boolean {
  return (rows / 4) * shares >= 256 * (FIXED_THREADS / subgroup);
}
