import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeHub } from '../unit/formats/fake_hub.ts';
import { load } from './lab.ts';
import { runLamina, runLaminaHere } from './run_lamina.ts';

const goldenPath = (path: string) => fileURLToPath(new URL(`../golden/${path}`, import.meta.url));
const TINY = goldenPath('gguf/llama-q4_1.gguf');
const REFERENCE = JSON.parse(new TextDecoder().decode(await load('gguf/llama-q4_1.expected.json')));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

const lamina = (...args: string[]) => runLamina(folder, args);

describe('lamina tokens', () => {
  test('prints the ids of a text as one JSON array', async () => {
    const { text, ids } = REFERENCE.tokenizer.encode_without_special[0];
    const { code, out } = await lamina('tokens', '--model', TINY, '--no-special', text);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(ids);
  });
});

describe('lamina perplexity', () => {
  const { prompt_text, input_ids, logits } = REFERENCE;
  const perplexityOf = async (...args: string[]) => {
    const file = join(folder, 'text.txt');
    await writeFile(file, prompt_text);
    const { code, out } = await lamina('perplexity', '--model', TINY, '--json', ...args, file);
    expect(code).toBe(0);
    return JSON.parse(out);
  };

  test('is that of the reference’s logits', async () => {
    const rows = new Float32Array(await load(`gguf/${logits.file}`));
    const [positions, vocab] = logits.shape;
    const ids: number[] = input_ids[0];
    let sum = 0;
    for (let i = 0; i + 1 < positions; i++) {
      const row = rows.subarray(i * vocab, (i + 1) * vocab);
      sum += row[ids[i + 1]!]! - Math.log(row.reduce((all, logit) => all + Math.exp(logit), 0));
    }
    const { tokens, perplexity } = await perplexityOf();
    expect(tokens).toBe(positions - 1);
    expect(perplexity).toBeCloseTo(Math.exp(-sum / (positions - 1)), 1);
  });

  test('is that of pieces which begin anew, where the text is longer', async () => {
    const { tokens, context } = await perplexityOf('--context', '5');
    expect(context).toBe(5);
    // Each begins with BOS, as the whole text did: 23 other tokens, all foretold by something.
    expect(tokens).toBe(23);
  });
});

describe('lamina inspect', () => {
  test('names the architecture, the tensors, and the bytes of each layer', async () => {
    const { code, out } = await lamina('inspect', '--json', TINY);
    expect(code).toBe(0);
    const { config, files } = JSON.parse(out);
    expect(config.architecture).toBe('llama');
    expect(files.map(({ name }: { name: string }) => name)).toEqual([
      'embedding.bin',
      ...Array.from({ length: config.num_hidden_layers }, (_, i) => `layer-00${i}.bin`),
      'head.bin',
    ]);
    expect(files[1].tensors[1]).toMatchObject({ name: 'blk.0.attn_q.weight', type: 'Q4_1' });
    expect(files[1].bytes).toBeGreaterThan(0);
    const people = await lamina('inspect', TINY);
    expect(people.out).toContain('blk.0.attn_q.weight');
  });
});

describe('lamina logits', () => {
  test('writes the logits and the hidden states of every position', async () => {
    const out = join(folder, 'logits.f32');
    const hidden = join(folder, 'hidden.f32');
    const ids: number[] = REFERENCE.input_ids[0];
    const run = await lamina(
      ...['logits', '--model', TINY, '--tokens', ids.join(), '--residency', 'strict'],
      ...['--out', out, '--hidden-states', hidden],
    );
    expect(run.err).not.toContain('Error');
    expect(run.code).toBe(0);
    const actual = new Float32Array(new Uint8Array(await readFile(out)).buffer);
    const expected = new Float32Array(await load('gguf/llama-q4_1.logits.f32'));
    expect(actual.length).toBe(expected.length);
    const worst = actual.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
    expect(worst).toBeLessThan(REFERENCE.tolerance.recommended_atol_f32);
    const { num_hidden_layers, hidden_size } = await configOf(TINY);
    expect((await stat(hidden)).size).toBe((num_hidden_layers + 2) * ids.length * hidden_size * 4);
    const states = new Float32Array(new Uint8Array(await readFile(hidden)).buffer);
    expect(states.every(Number.isFinite)).toBe(true);
    expect(states.subarray(-hidden_size).some((x) => x !== 0)).toBe(true);
  });

  test('leaves no file behind when a token is not in the vocabulary', async () => {
    const out = join(folder, 'none.f32');
    const { code, err } = await lamina(
      'logits',
      '--model',
      TINY,
      '--tokens',
      '1,512',
      '--out',
      out,
    );
    expect(code).toBe(1);
    expect(err).toContain('Token id 512 is not in the vocabulary');
    expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

describe('lamina ask', () => {
  test('prints one JSON object with the text, the ids and the statistics', async () => {
    const options = ['--greedy', '--max-tokens', '5', '--seed', '7', '--json'];
    const { code, out } = await lamina('ask', '--model', TINY, ...options, 'Hello');
    expect(code).toBe(0);
    const { text, token_ids, statistics } = JSON.parse(out);
    expect(typeof text).toBe('string');
    expect(token_ids).toHaveLength(5);
    expect(statistics.peak_weight_bytes).toBeLessThanOrEqual(statistics.largest_layer_bytes);
    expect(statistics.bytes_read).toBeGreaterThan(0);
    expect(statistics.time_to_first_token_ms).toBeGreaterThan(0);
    expect(statistics.adapter).not.toBe('');
  });

  test('that quantizes on the way prints that object alone, and says the errors beside it', async () => {
    const model = goldenPath('gguf/qwen3-f16.gguf');
    const options = ['--quantize', 'Q8_0', '--max-tokens', '1', '--json'];
    const { code, out, err } = await lamina('ask', '--model', model, ...options, 'Hello');
    expect(err).toContain('Quantized to Q8_0: ');
    expect(JSON.parse(out).token_ids).toHaveLength(1);
    expect(code).toBe(0);
  });

  test('in the residency that the planner finds best, says what it predicted', async () => {
    const options = ['--greedy', '--max-tokens', '5', '--residency', 'auto', '--json'];
    const { code, out } = await lamina('ask', '--model', TINY, ...options, 'Hello');
    expect(code).toBe(0);
    const { plan, statistics } = JSON.parse(out);
    expect(plan.residency).toBe('resident');
    expect(plan.prediction.decode_tokens_per_second).toBeGreaterThan(0);
    expect(statistics.bytes_read).toBe(0);
  });

  test('streams the text to standard output and the statistics to standard error', async () => {
    const { code, out, err } = await lamina('ask', '--model', TINY, '--max-tokens', '5', 'Hello');
    expect(code).toBe(0);
    expect(out.trim()).not.toBe('');
    expect(err).toContain('tokens/s');
  });
});

describe('lamina plan', () => {
  test('says what each residency takes and how fast it would be, without an import', async () => {
    const { code, out } = await lamina('plan', '--model', TINY, '--context', '100', '--json');
    expect(code).toBe(0);
    const { plans, chosen, reason } = JSON.parse(out);
    expect(plans.map(({ label }: { label: string }) => label)).toEqual([
      'strict',
      'streaming, 25%',
      'streaming, 50%',
      'streaming, 75%',
      'resident',
    ]);
    for (const [i, { bytes, context_length, prediction }] of plans.entries()) {
      expect(context_length).toBe(100);
      expect(bytes.weights).toBeGreaterThanOrEqual(plans[Math.max(0, i - 1)].bytes.weights);
      expect(prediction.decode_tokens_per_second).toBeGreaterThan(0);
      expect(prediction.time_to_first_token_seconds).toBeGreaterThan(0);
    }
    expect(chosen.residency).toBe('resident');
    expect(reason).toBe('resident fits');
    // What was measured is remembered, so that this takes no time.
    const budget = plans[0].most_bytes;
    const tight = await lamina(
      'plan',
      '--model',
      TINY,
      '--context',
      '100',
      '--budget',
      `${budget}`,
    );
    expect(tight.out).toContain('Chosen for');
    expect(tight.out).toMatch(/: strict|: streaming/);
    const files = await readdir(join(folder, 'packs'));
    expect(files.filter((name) => name.startsWith('model-'))).toHaveLength(1);
    expect(files.filter((name) => name.includes('scratch'))).toEqual([]);
  });
});

describe('lamina bench', () => {
  test('measures each residency beside what the device can do and what was predicted', async () => {
    const options = ['--prompt-tokens', '6', '--decode', '3', '--repeat', '1', '--json'];
    const modes = ['--residency', 'strict', '--residency', 'resident'];
    const file = join(folder, 'bench.json');
    const { code, out } = await lamina(
      ...['bench', '--model', TINY, ...modes, ...options, '--out', file],
    );
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(out));
    const { rates, model, ...others } = JSON.parse(out);
    expect(Object.keys(others)).toEqual(['adapter']);
    expect(rates.read_bytes_per_second).toBeGreaterThan(1e6);
    expect(rates.dispatch_seconds).toBeGreaterThan(0);
    const [strict, resident] = model.results;
    for (const result of [strict, resident]) {
      expect(result.decode_tokens_rate.median).toBeGreaterThan(0);
      expect(result.prefill_tokens_rate.median).toBeGreaterThan(0);
      expect(result.resident_limit).toBeGreaterThan(0);
      expect(result.predicted.decode_tokens_per_second).toBeGreaterThan(0);
      expect(result.predicted.prefill_tokens_per_second).toBeGreaterThan(0);
    }
    expect(strict.residency).toBe('strict');
    // Of the embedding, a token needs one row; all else is streamed.
    expect(strict.streamed_bytes_per_token).toBeGreaterThan(0.9 * strict.bytes_per_token);
    expect(strict.streamed_bytes_per_token).toBeLessThan(1.1 * strict.bytes_per_token);
    expect(strict.streaming_limit).toBeCloseTo(
      model.ring_bytes_rate.median / strict.streamed_bytes_per_token,
    );
    expect(resident.residency).toBe('resident');
    expect(resident.streamed_bytes_per_token).toBe(0);
    expect(resident.streaming_limit).toBeNull();
    expect(resident.weight_bytes).toBeGreaterThan(strict.weight_bytes);
  });

  test('measures an import, as a table for people, and leaves no pack behind', async () => {
    const { code, out } = await lamina('bench', 'import', '--model', TINY);
    expect(code).toBe(0);
    expect(out).toMatch(/Import of llama-q4_1\.gguf, \d\.\d MB, into the store \(node\): \S+ \(/);
    expect(await readdir(join(folder, 'packs'))).not.toContain('scratch');
  });
});

describe('a model that is elsewhere', () => {
  const file = 'Q4_1/model.gguf';
  let hub: FakeHub;
  beforeAll(async () => {
    hub = await FakeHub.start({ [file]: new Uint8Array(await load('gguf/llama-q4_1.gguf')) });
    process.env.HF_ENDPOINT = hub.endpoint;
  });
  afterAll(async () => {
    delete process.env.HF_ENDPOINT;
    await hub.close();
  });

  test('is inspected by its name on the hub, of which only the header is downloaded', async () => {
    const { out } = await lamina('inspect', '--json', hub.id);
    expect(JSON.parse(out)).toEqual(JSON.parse((await lamina('inspect', '--json', TINY)).out));
    expect(hub.storage.get(file)!.ranges).toEqual(['bytes=0-65535']);
  });

  test('is inspected by its address', async () => {
    const { out } = await lamina('inspect', `${hub.endpoint}/${hub.id}/resolve/main/${file}`);
    expect(out).toContain('num_hidden_layers');
  });

  test('is refused with a reason when the hub has nothing of that name', async () => {
    const { code, err } = await lamina('ask', '--model', 'nobody/nothing', 'x');
    expect(err).toContain('was not found');
    expect(code).toBe(1);
  });
});

describe('packs', () => {
  test('are exported to one file, removed, imported from it, and verified', async () => {
    const pack = join(folder, 'packs', 'tiny');
    await lamina('synth', '--shape', 'custom', '--type', 'Q4_0', '--pack', pack);
    const before = await readdir(pack);
    const out = join(folder, 'exported.tar');
    expect((await lamina('models', 'export', 'tiny', '--out', out)).code).toBe(0);
    expect((await lamina('models', 'remove', 'tiny')).code).toBe(0);
    expect(await readdir(join(folder, 'packs'))).not.toContain('tiny');
    expect((await lamina('models', 'import', out)).out.trim()).toBe('tiny');
    expect(await readdir(pack)).toEqual(before);
    expect((await lamina('models', 'verify', 'tiny')).out).toContain('is whole');
    expect((await lamina('models')).out).toMatch(/^tiny +\d+\.\d MB {2}synthetic custom Q4_0$/m);
  });
});

describe('lamina models import', () => {
  test('quantizes a checkpoint, and tells the error of each matrix', async () => {
    const model = goldenPath('gguf/qwen2-f16.gguf');
    const { code, out } = await lamina('models', 'import', model, '--quantize', 'q4_0', '--json');
    expect(code).toBe(0);
    const { pack, quantization } = JSON.parse(out);
    expect(pack).toMatch(/^qwen2-f16\.q4_0-/);
    expect(quantization.quantized[0]).toMatchObject({ name: 'token_embd.weight', type: 'Q4_0' });
    expect(quantization.worst.relative_error).toBeGreaterThan(quantization.mean_error);
    expect(quantization.mean_error).toBeGreaterThan(0.01);
    const people = (await lamina('models', 'import', model, '--quantize', 'Q4_0')).out.split('\n');
    expect(people[0]).toBe(pack);
    expect(people[1]).toMatch(
      /^Quantized to Q4_0: \d+ matrices; relative error 0\.\d+ on average, 0\.\d+ at worst \([\w.]+\)$/,
    );
  });
});

describe('a command line that is wrong', () => {
  test.each([
    [['nonsense'], 2, 'There is no command "nonsense"'],
    [['ask'], 2, 'There is no question'],
    [['ask', '--grady', 'x'], 2, '--grady'],
    [['ask', '--seed', 'x', 'y'], 1, '--seed is x'],
    [['ask', '--residency', 'loose', 'y'], 1, '--residency is loose'],
    [['ask', '--budget', 'much', 'y'], 1, '--budget is much'],
    [['plan', '--context', '0'], 1, '--context is 0'],
    [['tokens', 'a', 'b'], 2, 'more than one text'],
    [['logits', '--tokens', '1'], 2, '--out is missing'],
    [['perplexity'], 2, 'There is no file with a text'],
    [['perplexity', 'no-such-text.txt'], 1, 'no-such-text.txt cannot be read as a text'],
    [['perplexity', TINY], 1, 'it is not UTF-8'],
    [
      ['logits', '--model', TINY, '--tokens', '1', '--out', 'no/x.f32'],
      1,
      'no/x.f32 cannot be written',
    ],
    [['models', 'nonsense'], 2, '"nonsense" is not expected here'],
    [['models', 'import', 'x.tar', '--quantize', 'Q8_0'], 2, '--quantize is for checkpoints'],
    [['models', 'verify', 'x'], 1, 'There is no pack "x"'],
    [['bench', 'nonsense'], 2, '"nonsense" is not expected here'],
    [['bench', 'ring', 'model'], 2, 'more than one argument'],
    [['bench', '--decode', '1'], 1, '--decode is 1'],
    [['bench', '--out', 'no/x.json'], 1, 'no/x.json cannot be written'],
    [['inspect', 'no-such-model.gguf'], 1, 'There is no model "no-such-model.gguf"'],
    [['inspect', goldenPath('gguf-bad/wrong-magic.gguf')], 1, 'is not a GGUF file'],
    [['ask', '--model', goldenPath('gguf-bad/truncated-tensor-data.gguf'), 'x'], 1, 'ends inside'],
  ])('%j ends with code %i and says: %s', async (args, code, message) => {
    const run = await runLaminaHere(folder, args);
    expect(run.err).toContain(message);
    // A sentence: an error that nobody foresaw is printed with its trace.
    expect(run.err).not.toMatch(/\.[jt]s:\d+/);
    expect(run.code).toBe(code);
  });

  test('is told apart by the exit code of the process, and leaves no trace', async () => {
    const { code, err } = await lamina('ask', '--seed', 'x', 'y');
    expect(code).toBe(1);
    expect(err).toContain('--seed is x');
    expect(err).not.toMatch(/\.[jt]s:\d+/);
    expect((await lamina('nonsense')).code).toBe(2);
  });

  test('without any command shows how', async () => {
    const { code, out } = await lamina();
    expect(code).toBe(2);
    expect(out).toContain('lamina ask');
  });
});

async function configOf(
  model: string,
): Promise<{ num_hidden_layers: number; hidden_size: number }> {
  return JSON.parse((await lamina('inspect', '--json', model)).out).config;
}
