import { describe, expect, test } from 'vitest';
import fmaRateWgsl from '../../shaders/rates/fma_rate.wgsl?raw';
import type { Kernel } from '../../src/gpu/kernel.ts';
import { measureRates } from '../../src/gpu/rates.ts';
import { Timer } from '../../src/gpu/timer.ts';
import { openDevice, openPlainDevice } from '../kernels/device.ts';
import { Lab } from '../kernels/lab.ts';

const work: Kernel = {
  label: 'fma_rate',
  wgsl: fmaRateWgsl,
  bindings: { found: 'write' },
  decodes: false,
  workgroups: (_, groups) => [groups, 1],
};

describe.each([
  { name: 'by timestamps', open: openDevice, feature: true },
  { name: 'by the clock', open: openPlainDevice, feature: false },
])('$name', async ({ open, feature }) => {
  const { gpu, ledger, pipelines, commands } = new Lab(await open());
  const timed = feature && gpu.device.features.has('timestamp-query');

  test('sixteen times the work takes about sixteen times as long', async () => {
    const timer = await Timer.create(ledger, { repeats: 5, run_seconds: 0.05 });
    expect(timer.method).toBe(timed ? 'timestamps' : 'clock');
    await pipelines.prepare([{ kernel: work, constants: {} }]);
    const found = await ledger.create('activations', 'found', 16, GPUBufferUsage.STORAGE);
    const secondsOf = (count: number) => {
      const specialization = { kernel: work, constants: {} };
      return timer.seconds([commands.prepare(specialization, { found: { buffer: found } }, count)]);
    };
    // A real GPU has hundreds of workgroups at work at once.
    const groups = gpu.adapter.software ? 16 : 4000;
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      rounds.push({ little: await secondsOf(groups), much: await secondsOf(16 * groups) });
    }
    timer.destroy();
    ledger.destroy(found);
    for (const { min, median, max } of rounds.flatMap(({ little, much }) => [little, much])) {
      expect(min).toBeLessThanOrEqual(median);
      expect(median).toBeLessThanOrEqual(max);
    }
    // By the clock a figure is the difference of two runs, and what else the machine does may make it longer or shorter.
    const middle = (medians: number[]) => medians.toSorted((a, b) => a - b)[1]!;
    const little = middle(rounds.map((round) => round.little.median));
    const much = middle(rounds.map((round) => round.much.median));
    expect(much / little).toBeGreaterThan(5);
    expect(much / little).toBeLessThan(50);
    expect(ledger.total()).toBe(0);
  });

  test('the device’s rates are measured without a fault, and nothing stays behind', async () => {
    gpu.device.pushErrorScope('validation');
    const rates = await measureRates(ledger, 2 ** 24);
    expect(await gpu.device.popErrorScope()).toBeNull();
    for (const rate of Object.values(rates)) expect(rate).toBeGreaterThan(0);
    // No machine reads a petabyte a second, nor does it take a second to dispatch.
    for (const rate of Object.values(rates)) expect(rate).toBeLessThan(1e15);
    expect(rates.dispatch_seconds).toBeLessThan(1);
    expect(ledger.total()).toBe(0);
  });
});
