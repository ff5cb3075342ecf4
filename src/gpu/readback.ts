import type { Commands } from './commands.ts';
import type { BufferView } from './kernel.ts';
import type { BufferLedger } from './ledger.ts';

type SizedView = BufferView & { readonly size: number };

/**
 * Submits what is recorded and brings a range of a buffer back.
 * @param view with a size; offset and size are multiples of 4
 */
export async function readBack(
  ledger: BufferLedger,
  commands: Commands,
  view: SizedView,
): Promise<ArrayBuffer> {
  const target = await createTarget(ledger, view.size);
  try {
    return await copyBack(target, commands, view);
  } finally {
    ledger.destroy(target);
  }
}

/** Brings small ranges back through buffers that are kept, several at a time. */
export class ReadbackPool {
  readonly bytes: number;
  private readonly free: GPUBuffer[];

  private constructor(bytes: number, free: GPUBuffer[]) {
    this.bytes = bytes;
    this.free = free;
  }

  static async create(ledger: BufferLedger, buffers: number, bytes: number): Promise<ReadbackPool> {
    const free: GPUBuffer[] = [];
    for (let i = 0; i < buffers; i++) free.push(await createTarget(ledger, bytes));
    return new ReadbackPool(bytes, free);
  }

  /** Submits what is recorded; no more ranges may be on their way than there are buffers. */
  async read(commands: Commands, view: SizedView): Promise<ArrayBuffer> {
    const target = this.free.pop();
    if (!target) throw new RangeError('all readback buffers are in use');
    try {
      return await copyBack(target, commands, view);
    } finally {
      this.free.push(target);
    }
  }
}

function createTarget(ledger: BufferLedger, size: number): Promise<GPUBuffer> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  return ledger.create('staging', 'readback', size, usage);
}

async function copyBack(
  target: GPUBuffer,
  commands: Commands,
  { buffer, offset = 0, size }: SizedView,
): Promise<ArrayBuffer> {
  commands.copy(buffer, offset, target, 0, size);
  commands.submit();
  await target.mapAsync(GPUMapMode.READ, 0, size);
  const bytes = target.getMappedRange(0, size).slice(0);
  target.unmap();
  return bytes;
}
