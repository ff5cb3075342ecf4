import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../../bench/peers/driver/options.js';
import { fitPrompt } from '../../../bench/peers/driver/prompt.js';
import { report } from '../../../bench/peers/driver/report.js';
import { statistic, summarize } from '../../../bench/peers/driver/summary.js';
import { table } from '../../../bench/peers/driver/table.js';

const GOLDEN = fileURLToPath(new URL('../../golden/gguf/', import.meta.url));
const MODEL = join(GOLDEN, 'llama-q4_1.gguf');

/** Options of a command line that asks for no help. */
function optionsOf(...args: string[]) {
  return parseOptions(['--model', MODEL, ...args])!;
}

describe('the command line', () => {
  test('without options Lamina runs beside llama.cpp on two cores', () => {
    const options = optionsOf();
    expect(options.configs.map(({ config }) => config)).toEqual(['lamina', 'wllama-cpu-2t']);
    expect(options).toMatchObject({
      model: MODEL,
      modelName: 'llama-q4_1.gguf',
      promptTokens: 128,
      decode: 32,
      repeat: 3,
      timeoutMs: 900_000,
    });
  });

  test('options for the page reach Lamina only, and every context holds prompt and answer', () => {
    const { configs } = optionsOf(
      ...['--configs', 'wllama-webgpu-1t,lamina-strict', '--prompt-tokens', '1024'],
      ...['--page-options', '{"budget":5}'],
    );
    expect(configs).toEqual([
      {
        config: 'wllama-webgpu-1t',
        page: 'wllama',
        options: { n_ctx: 1280, n_threads: 1, n_gpu_layers: 99_999 },
      },
      {
        config: 'lamina-strict',
        page: 'lamina',
        options: { context_length: 1280, residency: 'strict', budget: 5 },
      },
    ]);
  });

  test('Transformers.js is given the folder of its own form of the model', () => {
    const { onnx, configs } = optionsOf('--configs', 'tfjs-webgpu', '--onnx', GOLDEN);
    expect(onnx?.name).toBe('gguf');
    expect(configs[0]!.options).toEqual({ device: 'webgpu', dtype: 'q4', threads: 2 });
  });

  test('a synthetic model needs no file, and only Lamina’s page makes it', () => {
    const model = 'synthetic:llama-70b:Q4_0';
    const options = parseOptions(['--model', model, '--configs', 'lamina-strict']);
    expect(options).toMatchObject({ model, modelName: model, synthetic: true });
    expect(() => parseOptions(['--model', model])).toThrow('only Lamina');
  });

  test('help needs nothing else', () => {
    expect(parseOptions(['--help'])).toBeNull();
  });

  test.each([
    [['--configs', 'lamina,llama'], 'There is no configuration "llama"'],
    [['--configs', 'lamina,lamina'], '--configs names one twice'],
    [['--configs', 'tfjs-wasm'], 'Transformers.js needs --onnx'],
    [['--decode', '1'], '--decode must be at least 2'],
    [['--repeat', '0'], '--repeat 0: a whole number from 1'],
    [['--prompt-tokens', 'many'], '--prompt-tokens many'],
    [['--page-options', '[1]'], '--page-options [1]: a JSON object'],
    [['--onnx', '/nowhere'], '--onnx /nowhere: there is no such'],
    [['--fast'], '--fast'],
  ])('%j is refused with the usage', (args, message) => {
    expect(() => optionsOf(...args)).toThrow(message);
    expect(() => optionsOf(...args)).toThrow('Usage: npm run bench:peers');
  });

  test('a model must be named', () => {
    expect(() => parseOptions([])).toThrow('--model is missing');
  });
});

describe('the prompt', () => {
  test.each([1, 7, 128, 1000])('has exactly %i tokens of a word each', async (tokens) => {
    const count = async (text: string) => text.split(' ').filter(Boolean).length;
    expect(await count(await fitPrompt(tokens, count))).toBe(tokens);
  });

  test.each([1, 17, 512])('has exactly %i tokens of a byte each', async (tokens) => {
    expect(await fitPrompt(tokens, async (text) => text.length)).toHaveLength(tokens);
  });

  test('counts what the model puts before it', async () => {
    const count = async (text: string) => 1 + text.length;
    expect(await fitPrompt(20, count)).toHaveLength(19);
  });

  test('that no text can have is refused', async () => {
    await expect(fitPrompt(5, async (text) => 2 * text.length)).rejects.toThrow('exactly 5 tokens');
  });
});

describe('the figures', () => {
  test('the median of an even number of values lies between the middle ones', () => {
    expect(statistic([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
    expect(statistic([5, 1, 2])).toEqual({ median: 2, min: 1, max: 5 });
    expect(statistic([])).toBeNull();
  });

  test('decoding is timed from the first token to the last', () => {
    const run = { ttftMs: 500, decodeMs: 2000, chunks: 5, totalMs: 2600, text: '', timings: null };
    expect(summarize([run], 128)).toEqual({
      ttftMs: { median: 500, min: 500, max: 500 },
      prefillTokS: { median: 256, min: 256, max: 256 },
      decodeTokS: { median: 2, min: 2, max: 2 },
    });
  });

  const options = optionsOf('--configs', 'wllama-cpu-2t,lamina,tfjs-wasm', '--onnx', GOLDEN);
  const run = { totalMs: 0, text: '', timings: null, load: 0 };
  const load = { fetchMs: 1, initMs: 2, totalMs: 3 };
  const nothing = { env: null, cold: null, warm: null, runs: [], greedy: null, log: [] };
  const [wllama, lamina, tfjs] = options.configs as [
    (typeof options.configs)[0],
    (typeof options.configs)[0],
    (typeof options.configs)[0],
  ];
  const measured = [
    {
      ...nothing,
      config: wllama,
      cold: load,
      warm: load,
      runs: [{ ...run, ttftMs: 400, decodeMs: 1000, chunks: 11 }],
      greedy: { ids: [1, 2, 3], text: 'x' },
      error: null,
      log: ['load_tensors:   CPU_Mapped model buffer size =   92.4 MiB'],
    },
    {
      ...nothing,
      config: lamina,
      cold: load,
      warm: load,
      runs: [{ ...run, ttftMs: 100, decodeMs: 500, chunks: 11 }],
      greedy: { ids: [1, 2, 4], text: 'y' },
      error: null,
    },
    { ...nothing, config: tfjs, error: 'no answer', log: ['said before'] },
  ];

  test('the report has ratios to Lamina, what ran where, and the log of what failed', async () => {
    const { results, model } = await report(options, { browser: 'b', prompt: 'p', measured });
    expect(model.bytes).toBeGreaterThan(0);
    expect(results.map(({ config }) => config)).toEqual(['wllama-cpu-2t', 'lamina', 'tfjs-wasm']);
    expect(results[0]!.laminaTimes).toEqual({ ttft: 4, prefill: 4, decode: 2 });
    expect(results[1]!.laminaTimes).toEqual({ ttft: 1, prefill: 1, decode: 1 });
    expect(results.map(({ ranOn }) => ranOn)).toEqual(['CPU_Mapped', 'WebGPU', 'wasm']);
    expect(results.map(({ sameTokens }) => sameTokens)).toEqual([3, 2, null]);
    expect(results[0]!.summary.decodeTokS).toEqual({ median: 10, min: 10, max: 10 });
    expect(results[2]).toMatchObject({ error: 'no answer', log: ['said before'] });
    expect(results[2]!.summary.ttftMs).toBeNull();
  });

  test('the table has a row for each configuration', async () => {
    const lines = table(await report(options, { browser: 'b', prompt: 'p', measured })).split('\n');
    const [one, two, three] = lines.slice(4);
    expect(one).toBe(
      '| wllama-cpu-2t | 3.00 | 3.00 | 400 | 320 | 10.0 | 4.00 × | 2.00 × | 3 of 3 | CPU_Mapped |',
    );
    expect(two).toContain('| 2 of 3 | WebGPU |');
    expect(three).toContain('| failed |');
    expect(lines.at(-1)).toBe('tfjs-wasm failed: no answer');
  });
});
