import { beforeEach, expect, test } from 'vitest';
import { GpuBudgetError, GpuBufferSizeError, GpuOutOfMemoryError } from '../../src/gpu/errors.ts';
import { BufferLedger, PURPOSES } from '../../src/gpu/ledger.ts';
import { openNullDevice } from './null_device.ts';

/** What Dawn's null device holds before it is out of memory. */
const NULL_MEMORY = 512 * 2 ** 20;
let device: GPUDevice;
let usage: GPUBufferUsageFlags;

beforeEach(async () => {
  device = await openNullDevice();
  usage = GPUBufferUsage.STORAGE;
});

test('bytes are counted by purpose, and the peak stays when they are freed', async () => {
  const ledger = new BufferLedger(device);
  const a = await ledger.create('weights', 'a', 1024, usage);
  await ledger.create('weights', 'b', 256, usage);
  await ledger.create('kv', 'c', 512, usage);
  ledger.destroy(a);
  await ledger.create('weights', 'd', 64, usage);
  expect(Object.fromEntries(PURPOSES.map((purpose) => [purpose, ledger.read(purpose)]))).toEqual({
    weights: { bytes: 320, peak: 1280 },
    kv: { bytes: 512, peak: 512 },
    activations: { bytes: 0, peak: 0 },
    staging: { bytes: 0, peak: 0 },
  });
  expect(ledger.total()).toBe(832);
});

test('a buffer is freed once, and those of another ledger not at all', async () => {
  const ledger = new BufferLedger(device);
  const other = await new BufferLedger(device).create('kv', 'other', 256, usage);
  const own = await ledger.create('kv', 'own', 256, usage);
  ledger.destroy(other);
  ledger.destroy(own);
  ledger.destroy(own);
  expect(ledger.read('kv')).toEqual({ bytes: 0, peak: 256 });
});

test('all buffers are freed together', async () => {
  const ledger = new BufferLedger(device);
  for (const purpose of PURPOSES) await ledger.create(purpose, purpose, 256, usage);
  ledger.destroyAll();
  expect(ledger.total()).toBe(0);
});

test('the budget is for all purposes together, and may be used up to the last byte', async () => {
  const ledger = new BufferLedger(device, 1024);
  await ledger.create('weights', 'weights', 512, usage);
  const kv = await ledger.create('kv', 'kv', 512, usage);
  const error = await ledger.create('staging', 'ring 0', 4, usage).catch((reason) => reason);
  expect(error).toBeInstanceOf(GpuBudgetError);
  expect(error.details).toEqual({ label: 'ring 0', bytes: 4, used: 1024, budget: 1024 });
  expect(ledger.read('staging')).toEqual({ bytes: 0, peak: 0 });
  ledger.destroy(kv);
  await ledger.create('staging', 'ring 0', 512, usage);
});

test('requests made at the same time cannot pass the budget together', async () => {
  const ledger = new BufferLedger(device, 1000);
  const results = await Promise.allSettled(
    [1, 2, 3].map((i) => ledger.create('weights', `chunk ${i}`, 400, usage)),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(ledger.total()).toBe(800);
});

test('a buffer larger than the device allows, or larger than a kernel can see, is a typed error', async () => {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  expect(maxStorageBufferBindingSize).toBeLessThan(maxBufferSize);
  const ledger = new BufferLedger(device);
  for (const [purpose, limit] of [
    ['weights', maxBufferSize],
    ['kv', maxStorageBufferBindingSize],
  ] as const) {
    const error = await ledger.create(purpose, 'large', limit + 4, usage).catch((reason) => reason);
    expect(error).toBeInstanceOf(GpuBufferSizeError);
    expect(error.details).toEqual({ label: 'large', bytes: limit + 4, limit });
    await ledger.create(purpose, 'large', limit, usage);
    ledger.destroyAll();
  }
  expect(ledger.read('kv')).toEqual({ bytes: 0, peak: maxStorageBufferBindingSize });
});

test('a GPU without memory left is a typed error, and nothing stays counted for it', async () => {
  const ledger = new BufferLedger(device);
  const half = NULL_MEMORY / 4;
  for (let i = 0; i < 4; i++) await ledger.create('weights', `chunk ${i}`, half, usage);
  const error = await ledger.create('kv', 'keys 0', 4096, usage).catch((reason) => reason);
  expect(error).toBeInstanceOf(GpuOutOfMemoryError);
  expect(error.details).toEqual({ label: 'keys 0', bytes: 4096 });
  expect(ledger.read('kv').bytes).toBe(0);
  ledger.destroyAll();
  await ledger.create('kv', 'keys 0', 4096, usage);
});
