import { describe, expect, test } from 'vitest';
import { benchKernels } from '../../src/bench/bench_kernels.ts';
import { BenchCancelledError } from '../../src/bench/errors.ts';
import { computeUnits } from '../../src/gpu/compute_units.ts';
import { PLAIN_TYPES } from '../kernels/data.ts';
import { openDevice, openPlainDevice } from '../kernels/device.ts';
import { config } from '../unit/engine/config.ts';

const RATES = {
  read_bytes_per_second: 1e9,
  copy_bytes_per_second: 1e9,
  fma_operations_per_second: 1e9,
  dispatch_seconds: 1e-6,
};
const SIZE = {
  config: { ...config, vocab_size: 2048 },
  prompt_tokens: 8,
  arena_bytes: 2 ** 21,
  // Timestamps may be rounded to a tenth of a millisecond.
  effort: { repeats: 1, run_seconds: 1e-3 },
};
/** What every device runs; the others come in two families. */
const COMMON = ['rms_norm', 'activate', 'gather_rows', 'rope_append'];
const SAMPLER = ['argmax', 'softmax_sum', 'strided_max', 'top_k', 'keep_likely', 'draw'];
const QUADS = ['matvec_quad', 'matmul_quad', 'attention_quad'];
const OTHERS = ['matvec', 'attention', 'attention_split', 'attention_merge'];

describe.each([
  { name: 'as it is', open: openDevice },
  { name: 'without optional features', open: openPlainDevice },
])('on the device $name', async ({ open }) => {
  const gpu = await open();

  test('each kernel that this device runs is measured once on each shape, without a fault', async () => {
    gpu.device.pushErrorScope('validation');
    const { timing, results } = await benchKernels(gpu, RATES, {}, SIZE);
    expect(await gpu.device.popErrorScope()).toBeNull();
    const timed = gpu.device.features.has('timestamp-query');
    expect(timing).toBe(timed ? 'timestamps' : 'clock');
    const { quad, packed_dots, subgroup_size, matrices } = await computeUnits(gpu);
    const family = quad ? QUADS : [...OTHERS, matrices ? 'matmul_subgroup' : 'matmul'];
    if (!quad && packed_dots && subgroup_size) family.push('matvec_fixed');
    expect([...new Set(results.map(({ kernel }) => kernel))].sort()).toEqual(
      [...COMMON, ...SAMPLER, ...family].sort(),
    );
    const keys = results.map(({ kernel, type, shape, tokens, position }) =>
      [kernel, type, shape, tokens, position].join(),
    );
    expect(new Set(keys).size).toBe(keys.length);
    for (const type of PLAIN_TYPES.filter((name) => name !== 'F32')) {
      expect(results.some((result) => result.type === type)).toBe(true);
    }
    for (const result of results) {
      expect(result.bytes).toBeGreaterThan(0);
      expect(Number.isFinite(result.seconds.median), result.kernel).toBe(true);
      if (timed) expect(result.seconds.median, result.kernel).toBeGreaterThan(0);
    }
  });

  test('a stopped measurement ends with its error', async () => {
    const abort = new AbortController();
    const follower = {
      signal: abort.signal,
      onProgress: ({ done }: { done: number }) => {
        if (done === 1) abort.abort();
      },
    };
    await expect(benchKernels(gpu, RATES, follower, SIZE)).rejects.toThrow(BenchCancelledError);
  });
});
