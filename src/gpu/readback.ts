import type { Commands } from './commands.ts';
import type { BufferView } from './kernel.ts';
import type { BufferLedger } from './ledger.ts';

/**
 * Submits what is recorded and brings a range of a buffer back.
 * @param view with a size; offset and size are multiples of 4
 */
export async function readBack(
  ledger: BufferLedger,
  commands: Commands,
  view: BufferView & { readonly size: number },
): Promise<ArrayBuffer> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const target = await ledger.create('staging', 'readback', view.size, usage);
  try {
    commands.copy(view.buffer, view.offset ?? 0, target, 0, view.size);
    commands.submit();
    await target.mapAsync(GPUMapMode.READ);
    return target.getMappedRange().slice(0);
  } finally {
    ledger.destroy(target);
  }
}
