import { DeviceLostError, NoAdapterError, WebGpuUnavailableError } from './errors.ts';

/** What the adapter says of itself. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** The GPU is emulated on the CPU: correct, but slow. */
  readonly software: boolean;
}

/** A product of matrices that the device's subgroups have, as Dawn tells it: `[M, K]` by `[K, N]`. */
export interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** A device and what the choice of kernels depends on. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  /** Invocations of a subgroup; null where there are no subgroups, or subgroups of several sizes. */
  readonly subgroup_size: number | null;
  /** WGSL's dot products of four bytes, as instructions of the device. */
  readonly packed_dots: boolean;
  /** What its subgroups multiply; empty where they multiply no matrices. */
  readonly subgroup_matrices: readonly SubgroupMatrixConfig[];
  /** Resolves when the device is gone. */
  readonly lost: Promise<DeviceLostError>;
}

/** Used where they are there, never needed. Chromium knows the last one behind a flag only. */
const FEATURES = [
  'subgroups',
  'shader-f16',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
];

/** Limits that are raised to what the adapter has. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/**
 * Opens the best device that `gpu` (`navigator.gpu`, or Dawn in Node) offers, with its full limits.
 * @throws WebGpuUnavailableError, NoAdapterError
 */
export async function openGpu(gpu: GPU | undefined): Promise<Gpu> {
  if (!gpu) throw new WebGpuUnavailableError();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new NoAdapterError();
  const { info, limits, features } = adapter;
  const device = await adapter.requestDevice({
    label: 'lamina',
    requiredFeatures: FEATURES.filter((feature) => features.has(feature)) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
  });
  return {
    device,
    adapter: {
      vendor: info.vendor,
      architecture: info.architecture,
      device: info.device,
      description: info.description,
      software:
        info.isFallbackAdapter ||
        /swiftshader|llvmpipe/i.test(`${info.architecture} ${info.description}`),
    },
    subgroup_size:
      device.features.has('subgroups') && info.subgroupMinSize === info.subgroupMaxSize
        ? info.subgroupMinSize
        : null,
    // Metal has no instruction for them: there they would be written out in single steps.
    packed_dots:
      gpu.wgslLanguageFeatures.has('packed_4x8_integer_dot_product') && info.vendor !== 'apple',
    subgroup_matrices: subgroupMatrices(info),
    lost: device.lost.then(
      ({ message, reason }) => new DeviceLostError({ reason: message || reason }),
    ),
  };
}

/** Only Dawn has them, and only where its flags let it. */
function subgroupMatrices(info: GPUAdapterInfo): SubgroupMatrixConfig[] {
  const { subgroupMatrixConfigs = [] } = info as GPUAdapterInfo & {
    subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig>;
  };
  return [...subgroupMatrixConfigs];
}

/** The adapter in a few words, for people. */
export function adapterName(adapter: AdapterDescription): string {
  const name =
    adapter.description || [adapter.vendor, adapter.architecture, adapter.device].join(' ');
  return name.trim() || 'unnamed adapter';
}
