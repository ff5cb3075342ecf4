import type { KernelResult, ModelResult } from '../../../src/bench/report.ts';
import type { Spread } from '../../../src/gpu/spread.ts';
import type { Plan } from '../../../src/plan/planner.ts';
import type { BenchReport } from '../../../src/worker/protocol.ts';
import { LAYER_BYTES, PACK_BYTES } from './scripted_api.ts';

const around = (median: number): Spread => ({ median, min: median * 0.94, max: median * 1.07 });

function kernel(kernel: string, shape: string, tokens: number): KernelResult {
  return {
    kernel,
    type: kernel.startsWith('mat') ? 'Q4_1' : null,
    shape,
    tokens,
    position: 512,
    seconds: around(1.25e-5),
    bytes: 1e7,
    operations: 3e7,
    bytes_rate: around(8e11),
    operations_rate: around(2.4e12),
    share_of_read: 0.42,
    share_of_fma: 0.06,
  };
}

function run(residency: ModelResult['residency'], rate: number, weight_bytes: number): ModelResult {
  return {
    residency,
    budget_weights: residency === 'streaming' ? PACK_BYTES / 2 : null,
    predicted: {
      decode_tokens_per_second: rate * 1.1,
      prefill_tokens_per_second: rate * 9,
      time_to_first_token_seconds: 0.05,
    },
    weight_bytes,
    bytes_per_token: PACK_BYTES,
    streamed_bytes_per_token: residency === 'resident' ? 0 : PACK_BYTES - weight_bytes,
    dispatches_per_token: 212,
    decode_tokens_rate: around(rate),
    prefill_tokens_rate: around(rate * 10),
    time_to_first_token_ms: around(421),
    streaming_limit: residency === 'resident' ? null : rate * 1.2,
    resident_limit: rate * 3,
    prefill_limit: rate * 30,
  };
}

const KERNELS = [
  'matvec',
  'matmul',
  'matvec_gate_up',
  'attention_decode',
  'rope_and_cache',
  'argmax',
];

/** A whole measurement, as long as those of real devices. */
export function benchReport(): BenchReport {
  const entry = { bytes: 12_400_000, peak: 31_000_000 };
  return {
    adapter: {
      vendor: 'scripted',
      architecture: 'test',
      device: '',
      description: 'Scripted GPU',
      software: false,
    },
    rates: {
      read_bytes_per_second: 1.9e12,
      copy_bytes_per_second: 9e11,
      fma_operations_per_second: 4e13,
      dispatch_seconds: 4.5e-6,
    },
    kernels: {
      timing: 'timestamps',
      results: KERNELS.flatMap((name) =>
        [1, 4, 64, 512].map((tokens) => kernel(name, '49152×576', tokens)),
      ),
    },
    ring: {
      store: 'opfs',
      file_bytes: 2 ** 27,
      results: [4, 6].flatMap((pieces) =>
        [4, 16].map((mib) => ({ pieces, piece_bytes: mib * 2 ** 20, bytes_rate: around(6e9) })),
      ),
    },
    model: {
      name: 'SmolLM2 135M Instruct',
      prompt_tokens: 64,
      decode_tokens: 16,
      ring_bytes_rate: around(5.2e9),
      results: [
        run('strict', 53, LAYER_BYTES),
        run('streaming', 96, PACK_BYTES / 2),
        run('resident', 640, PACK_BYTES),
      ],
    },
    memory: { weights: entry, kv: entry, activations: entry, staging: entry },
  };
}

/** A plan of the whole model on the GPU, at so many tokens a second. */
export function residentPlan(decode_tokens_per_second: number): Plan {
  return {
    residency: 'resident',
    budget_weights: 0,
    prefill_tokens: 512,
    context_length: 4096,
    bytes: { weights: PACK_BYTES, kv: 1e6, activations: 1e6, staging: 1e6 },
    most_bytes: PACK_BYTES + 3e6,
    work: { steps: [], prefill_tokens: 512, pieces: 6, tokens_in_flight: 1 },
    prediction: {
      decode_tokens_per_second,
      prefill_tokens_per_second: 8000,
      time_to_first_token_seconds: 0.06,
    },
  };
}
