import type { Gpu } from '../gpu/device.ts';
import { BufferLedger } from '../gpu/ledger.ts';
import { type DeviceRates, measureRates } from '../gpu/rates.ts';

/** What the device can do at best, measured over more memory than its caches hold. */
export function benchRates({ device, adapter }: Gpu): Promise<DeviceRates> {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const most = adapter.software ? 2 ** 26 : 2 ** 30;
  const bytes = Math.min(most, maxStorageBufferBindingSize, maxBufferSize);
  return measureRates(new BufferLedger(device), bytes);
}
