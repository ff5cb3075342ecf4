import { openDawn } from '../../bin/dawn.ts';
import { type Gpu, openGpu } from '../../src/gpu/device.ts';

/** The device as it is. */
export async function openDevice(): Promise<Gpu> {
  return openGpu(await openDawn());
}

/** The device of an adapter that seems to have no optional feature: what the plainest machine offers. */
export async function openPlainDevice(): Promise<Gpu> {
  const dawn = await openDawn();
  const adapter = await dawn.requestAdapter();
  if (adapter) Object.defineProperty(adapter, 'features', { value: new Set() });
  return openGpu(Object.assign(dawn, { requestAdapter: async () => adapter }));
}
