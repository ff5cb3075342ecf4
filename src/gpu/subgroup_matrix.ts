import type { Gpu, SubgroupMatrixConfig } from './device.ts';
import { matmul_subgroup } from './kernels.ts';
import { moduleText } from './module_text.ts';

const FEATURES = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups'];
const SUBGROUP = 32;

/** What WIDE tiles take: invocations along x, two steps of 256 rows, each of 80 bytes, and a few scalars. */
const INVOCATIONS = 512;
const WORKGROUP_BYTES = 2 * 256 * 80 + 32;

/** What `matmul_subgroup` multiplies: 16 x 16 x 16, halves into f32. */
function isOurs({ componentType, resultComponentType, M, N, K }: SubgroupMatrixConfig): boolean {
  return (
    componentType === 'f16' && resultComponentType === 'f32' && [M, N, K].every((n) => n === 16)
  );
}

/** Whether `matmul_subgroup` runs on the device. The extension is experimental: its grammar may yet change. */
export async function multipliesMatrices({
  device,
  subgroup_size,
  subgroup_matrices,
}: Gpu): Promise<boolean> {
  const { limits, features } = device;
  if (
    subgroup_size !== SUBGROUP ||
    !FEATURES.every((feature) => features.has(feature)) ||
    !subgroup_matrices.some(isOurs) ||
    limits.maxComputeInvocationsPerWorkgroup < INVOCATIONS ||
    limits.maxComputeWorkgroupSizeX < INVOCATIONS ||
    limits.maxComputeWorkgroupStorageSize < WORKGROUP_BYTES
  ) {
    return false;
  }
  const code = moduleText({ kernel: matmul_subgroup, constants: {}, type: 'F32' });
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: matmul_subgroup.label, code });
  const error = await device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  return !error && messages.every(({ type }) => type !== 'error');
}
