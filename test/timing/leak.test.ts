import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Conversation, type GenerateOptions } from '../../src/engine/generate.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { PURPOSES } from '../../src/gpu/ledger.ts';
import type { Residency } from '../../src/plan/residency.ts';
import { openDevice } from '../kernels/device.ts';
import { type Creations, countCreations } from '../model/creations.ts';
import { importTiny, openTiny, type TinyModel } from '../model/lab.ts';

// Code that the JIT compiles lies in the heap too and comes and goes as the clock has it: without it a heap's growth is
// the same from run to run.
for (const flag of ['--expose-gc', '--no-opt', '--no-sparkplug', '--no-flush-bytecode']) {
  setFlagsFromString(flag);
}
const collectGarbage = runInNewContext('gc') as () => void;

const SAMPLES = 20;
/** Samples of the first quarter warm up Node; those of the last are compared with those between. */
const [WARM, LATE] = [SAMPLES / 4, (3 * SAMPLES) / 4];
const CONTEXT = 2048;
/** The answer itself is kept: its ids and its text were seen to take 37 bytes a token. */
const ANSWER_BYTES = 100;

interface Sample {
  readonly creations: Creations;
  /** By purpose. */
  readonly gpu_bytes: readonly number[];
  readonly heap_bytes: number;
}

let gpu: Gpu;
let tiny: TinyModel;
let creations: () => Creations;
let engine: Engine;
beforeAll(async () => {
  gpu = await openDevice();
  creations = countCreations(gpu.device);
  tiny = await importTiny('gguf/llama-q4_1.gguf');
});
afterEach(() => engine?.destroy());

/** What there is once everything is collected that may be. */
function sample(): Sample {
  collectGarbage();
  return {
    creations: creations(),
    gpu_bytes: PURPOSES.map((purpose) => engine.ledger.read(purpose).bytes),
    heap_bytes: process.memoryUsage().heapUsed,
  };
}

const least = (samples: readonly Sample[]): number =>
  Math.min(...samples.map(({ heap_bytes }) => heap_bytes));

test.each<{ name: string; residency: Residency; options: GenerateOptions; tokens: number }>([
  { name: 'resident and greedy', residency: 'resident', options: {}, tokens: 2000 },
  { name: 'drawn', residency: 'resident', options: { temperature: 1, top_k: 40 }, tokens: 600 },
  { name: 'one layer at a time', residency: 'strict', options: {}, tokens: 600 },
])('$tokens tokens leave nothing behind: $name', async ({ residency, options, tokens }) => {
  engine = await openTiny(gpu, tiny, { residency, context_length: CONTEXT });
  // The KV cache grows as a conversation does: it shall have its size before.
  await engine.prefill(new Array(CONTEXT).fill(1), 0);
  const samples: Sample[] = [sample()];
  let generated = 0;
  const onToken = () => {
    generated += 1;
    if (generated % (tokens / SAMPLES) === 0) samples.push(sample());
  };
  const settings = { ...options, max_tokens: tokens };
  await new Conversation(engine).generate([1, 2, 3], [], settings, { onToken });
  expect(generated).toBe(tokens);

  const warm = samples[WARM]!;
  for (const { creations, gpu_bytes } of samples.slice(WARM)) {
    expect(creations).toEqual(warm.creations);
    expect(gpu_bytes).toEqual(warm.gpu_bytes);
  }
  expect(warm.creations.createBindGroup).toBeGreaterThan(0);
  const growth = least(samples.slice(LATE)) - least(samples.slice(WARM, LATE));
  expect(growth).toBeLessThan(tokens * ANSWER_BYTES);
});
