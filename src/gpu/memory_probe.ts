import { GpuOutOfMemoryError } from './errors.ts';
import { BufferLedger } from './ledger.ts';

/** The first step; each one doubles what is there. */
const FIRST_BYTES = 64 * 2 ** 20;

/**
 * How much of `wanted` bytes the device gives out: asked for in growing steps, never for more than that, and all
 * given back.
 * @returns bytes, at most `wanted`
 */
export async function probeMemory(device: GPUDevice, wanted: number): Promise<number> {
  const ledger = new BufferLedger(device);
  const { maxBufferSize } = device.limits;
  try {
    while (ledger.total() < wanted) {
      const step = Math.max(FIRST_BYTES, ledger.total());
      const bytes = Math.min(step, wanted - ledger.total(), maxBufferSize);
      const whole = Math.ceil(bytes / 4) * 4;
      await ledger.create('weights', 'memory probe', whole, GPUBufferUsage.STORAGE);
    }
  } catch (error) {
    if (!(error instanceof GpuOutOfMemoryError)) throw error;
  }
  const found = Math.min(wanted, ledger.total());
  ledger.destroyAll();
  return found;
}
