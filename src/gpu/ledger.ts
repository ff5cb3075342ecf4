import { GpuBudgetError, GpuBufferSizeError, GpuOutOfMemoryError } from './errors.ts';

export const PURPOSES = ['weights', 'kv', 'activations', 'staging'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Bytes of GPU memory: now, and the most there ever were at once. */
export interface LedgerEntry {
  readonly bytes: number;
  readonly peak: number;
}

/**
 * The one allocator of GPU buffers. It knows what every byte is for, and refuses to go over the budget; the
 * promise that only one layer is resident is a claim about this ledger.
 */
export class BufferLedger {
  readonly device: GPUDevice;
  /** Bytes of all buffers together; what is there already may exceed a new one. */
  budget: number;
  private readonly purposes = new Map<GPUBuffer, Purpose>();
  private readonly bytes = new Map<Purpose, number>();
  private readonly peaks = new Map<Purpose, number>();

  constructor(device: GPUDevice, budget = Number.POSITIVE_INFINITY) {
    this.device = device;
    this.budget = budget;
  }

  /** @throws GpuBudgetError, GpuBufferSizeError, GpuOutOfMemoryError */
  async create(
    purpose: Purpose,
    label: string,
    size: number,
    usage: GPUBufferUsageFlags,
  ): Promise<GPUBuffer> {
    const used = this.total();
    if (used + size > this.budget) {
      throw new GpuBudgetError({ label, bytes: size, used, budget: this.budget });
    }
    const limit = this.largest(purpose);
    if (size > limit) throw new GpuBufferSizeError({ label, bytes: size, limit });
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({ label, size, usage });
    // Counted before the device answers, so that concurrent requests cannot pass the budget together.
    this.count(purpose, size);
    this.purposes.set(buffer, purpose);
    if (await this.device.popErrorScope()) {
      this.destroy(buffer);
      throw new GpuOutOfMemoryError({ label, bytes: size });
    }
    return buffer;
  }

  /** Frees a buffer of this ledger. Work already submitted still sees it. */
  destroy(buffer: GPUBuffer): void {
    const purpose = this.purposes.get(buffer);
    if (!purpose) return;
    this.purposes.delete(buffer);
    this.count(purpose, -buffer.size);
    buffer.destroy();
  }

  destroyAll(): void {
    for (const buffer of [...this.purposes.keys()]) this.destroy(buffer);
  }

  read(purpose: Purpose): LedgerEntry {
    return { bytes: this.bytes.get(purpose) ?? 0, peak: this.peaks.get(purpose) ?? 0 };
  }

  readAll(): Record<Purpose, LedgerEntry> {
    const entries = PURPOSES.map((purpose) => [purpose, this.read(purpose)]);
    return Object.fromEntries(entries) as Record<Purpose, LedgerEntry>;
  }

  total(): number {
    return PURPOSES.reduce((sum, purpose) => sum + this.read(purpose).bytes, 0);
  }

  /** From now on the peaks are those of what follows. */
  forgetPeaks(): void {
    this.peaks.clear();
    for (const purpose of PURPOSES) this.count(purpose, 0);
  }

  /** Bytes that one buffer may have. Kernels see keys, values and activations whole, weights by tiles. */
  private largest(purpose: Purpose): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const whole = purpose === 'kv' || purpose === 'activations';
    return whole ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
  }

  private count(purpose: Purpose, bytes: number): void {
    const now = this.read(purpose).bytes + bytes;
    this.bytes.set(purpose, now);
    this.peaks.set(purpose, Math.max(this.read(purpose).peak, now));
  }
}
