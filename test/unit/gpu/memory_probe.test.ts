import { beforeEach, expect, test } from 'vitest';
import { probeMemory } from '../../../src/gpu/memory_probe.ts';

const MEBIBYTE = 2 ** 20;

/** A device with so much memory. */
class FakeDevice {
  used = 0;
  most = 0;
  readonly limits = { maxBufferSize: 512 * MEBIBYTE, maxStorageBufferBindingSize: 2 ** 27 };
  private readonly memory: number;
  private failed = false;

  constructor(memory: number) {
    this.memory = memory;
  }

  pushErrorScope(): void {
    this.failed = false;
  }

  async popErrorScope(): Promise<{ message: string } | null> {
    return this.failed ? { message: 'out of memory' } : null;
  }

  createBuffer({ size }: { size: number }) {
    const fits = this.used + size <= this.memory;
    if (fits) this.used += size;
    else this.failed = true;
    this.most = Math.max(this.most, this.used);
    return {
      size,
      destroy: () => {
        if (fits) this.used -= size;
      },
    };
  }
}

const probe = (device: FakeDevice, wanted: number) =>
  probeMemory(device as unknown as GPUDevice, wanted);

beforeEach(() => {
  globalThis.GPUBufferUsage ??= { STORAGE: 0x80 } as typeof GPUBufferUsage;
});

test.each([1, 64, 100, 1000, 3000])(
  'where there is enough, %i MiB are found, no more is asked for, and all is given back',
  async (mebibytes) => {
    const device = new FakeDevice(2 ** 40);
    expect(await probe(device, mebibytes * MEBIBYTE)).toBe(mebibytes * MEBIBYTE);
    expect(device.most).toBe(mebibytes * MEBIBYTE);
    expect(device.used).toBe(0);
  },
);

test('where there is too little, at least half of it is found, and all is given back', async () => {
  const device = new FakeDevice(700 * MEBIBYTE);
  const found = await probe(device, 4000 * MEBIBYTE);
  expect(found).toBeGreaterThanOrEqual(350 * MEBIBYTE);
  expect(found).toBeLessThanOrEqual(700 * MEBIBYTE);
  expect(device.used).toBe(0);
});

test('a device that gives nothing has nothing', async () => {
  expect(await probe(new FakeDevice(0), MEBIBYTE)).toBe(0);
});

test('an odd number of bytes can be asked for', async () => {
  expect(await probe(new FakeDevice(2 ** 30), 1001.5)).toBe(1001.5);
});
