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

/** A device and what the choice of kernels depends on. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  /** Subgroups of exactly four invocations: a GPU emulated on the CPU's vector unit. */
  readonly quadSubgroups: boolean;
  /** Resolves when the device is gone. */
  readonly lost: Promise<DeviceLostError>;
}

/**
 * Opens the best device that `gpu` (`navigator.gpu`, or Dawn in Node) offers, with its full limits.
 * @throws WebGpuUnavailableError, NoAdapterError
 */
export async function openGpu(gpu: GPU | undefined): Promise<Gpu> {
  if (!gpu) throw new WebGpuUnavailableError();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new NoAdapterError();
  const { info, limits, features } = adapter;
  const subgroups = features.has('subgroups');
  const device = await adapter.requestDevice({
    label: 'lamina',
    requiredFeatures: subgroups ? ['subgroups'] : [],
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
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
    quadSubgroups: subgroups && info.subgroupMinSize === 4 && info.subgroupMaxSize === 4,
    lost: device.lost.then(
      ({ message, reason }) => new DeviceLostError({ reason: message || reason }),
    ),
  };
}

/** The adapter in a few words, for people. */
export function adapterName(adapter: AdapterDescription): string {
  const name =
    adapter.description || [adapter.vendor, adapter.architecture, adapter.device].join(' ');
  return name.trim() || 'unnamed adapter';
}
