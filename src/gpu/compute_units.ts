import type { Gpu } from './device.ts';
import { multipliesMatrices } from './subgroup_matrix.ts';

/** What of a device decides which kernels run. */
export interface ComputeUnits {
  /** The kernels made for a GPU that is emulated on the CPU, whose subgroups are four wide. */
  readonly quad: boolean;
  /** Invocations of a subgroup; null: it has none. */
  readonly subgroup_size: number | null;
  /** WGSL's dot products of four bytes: with subgroups, `matvec_fixed` runs. */
  readonly packed_dots: boolean;
  /** Subgroups multiply matrices of halves: `matmul_subgroup` runs. */
  readonly matrices: boolean;
}

export async function computeUnits(gpu: Gpu): Promise<ComputeUnits> {
  const { subgroup_size, packed_dots } = gpu;
  return {
    quad: subgroup_size === 4,
    subgroup_size,
    packed_dots,
    matrices: await multipliesMatrices(gpu),
  };
}
