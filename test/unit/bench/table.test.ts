import { expect, test } from 'vitest';
import { benchText } from '../../../src/bench/table.ts';

const once = (median: number) => ({ median, min: median * 0.9, max: median * 1.2 });
const head = {
  adapter: {
    vendor: 'v',
    architecture: 'a',
    device: 'd',
    description: 'Some GPU',
    software: false,
  },
  rates: {
    read_bytes_per_second: 2e12,
    copy_bytes_per_second: 1e12,
    fma_operations_per_second: 4e13,
    dispatch_seconds: 5e-6,
  },
};

test('a report without parts says what the device can do', () => {
  expect(benchText(head)).toBe(
    'Some GPU\n' +
      '  a shader reads  a copy moves            f32  a dependent dispatch\n' +
      '  2000 GB/s          1000 GB/s  40000 GFLOP/s               5.00 µs',
  );
});

test('each part is a table of its own, a kernel beside what it comes nearest to', () => {
  const result = {
    type: 'Q4_0' as const,
    shape: '4096×4096',
    tokens: 1,
    position: 0,
    seconds: once(1e-5),
    bytes: 1e7,
    operations: 3e7,
    bytes_rate: once(1e12),
    operations_rate: once(3e12),
    share_of_read: 0.5,
    share_of_fma: 0.075,
  };
  const text = benchText({
    ...head,
    kernels: {
      timing: 'timestamps',
      results: [
        { ...result, kernel: 'matvec' },
        { ...result, kernel: 'matmul', tokens: 512, share_of_fma: 0.8 },
      ],
    },
    ring: {
      store: 'opfs',
      file_bytes: 2 ** 27,
      results: [{ pieces: 6, piece_bytes: 2 ** 24, bytes_rate: once(6e9) }],
    },
    model: {
      name: 'A model',
      prompt_tokens: 64,
      decode_tokens: 16,
      ring_bytes_rate: once(5e9),
      results: [
        {
          residency: 'resident',
          budget_weights: null,
          predicted: {
            decode_tokens_per_second: 875,
            prefill_tokens_per_second: 8000,
            time_to_first_token_seconds: 0.008,
          },
          weight_bytes: 1e9,
          bytes_per_token: 1e9,
          streamed_bytes_per_token: 0,
          dispatches_per_token: 85,
          decode_tokens_rate: once(700),
          prefill_tokens_rate: once(10_000),
          time_to_first_token_ms: once(50),
          streaming_limit: null,
          resident_limit: 1500,
          prefill_limit: 20_000,
        },
      ],
    },
  });
  const [, kernels, ring, model] = text.split('\n\n').map((part) => part.split('\n'));
  expect(kernels![0]).toBe('Each kernel alone, by timestamps');
  expect(kernels![2]).toContain('10.0 (9.00 to 12.0)');
  expect(kernels![2]).toMatch(/1000 +3000 +50% read$/);
  expect(kernels![3]).toMatch(/80% f32$/);
  // Cells stand under one another.
  expect(new Set(kernels!.slice(1).map(({ length }) => length)).size).toBe(1);
  expect(ring![2]).toMatch(/^ {2}6 +16 +6.00 \(5.40 to 7.20\)$/);
  expect(model![2]).toMatch(
    /^ {2}resident +1000.0 +1000.0 +0.0 +85 +10000 .* 8000 +1\.25 \(1\.13 to 1\.50\) +20000 .* 700 .* 875 +0\.80 \(0\.72 to 0\.96\) .* 1500 /,
  );
});
