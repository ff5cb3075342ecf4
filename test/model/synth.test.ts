import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLamina, runLaminaHere } from './run_lamina.ts';

const SMALL = ['--shape', 'custom', '--type', 'Q4_0', '--layers', '3', '--seed', '5'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-synth-'));
});
afterAll(() => rm(folder, { recursive: true }));

const lamina = (...args: string[]) => runLamina(folder, args);

async function filesOf(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(path)) {
    if (name !== 'manifest.json') files.set(name, await readFile(join(path, name)));
  }
  return files;
}

test('a synthetic checkpoint is imported to the pack that is made at once, and both answer alike', async () => {
  const file = join(folder, 'small.gguf');
  const pack = join(folder, 'small-pack');
  expect((await lamina('synth', ...SMALL, '--out', file)).code).toBe(0);
  const made = await lamina('synth', ...SMALL, '--pack', pack);
  expect(made.err).toBe('');
  expect(made.out).toMatch(/small-pack: \d+\.\d MB in \d+\.\d s, \d+ MB\/s/);

  const question = ['--greedy', '--max-tokens', '6', '--json', 'Hi'];
  const answers = [];
  for (const model of [file, pack]) {
    const { code, out } = await lamina('ask', '--model', model, ...question);
    expect(code).toBe(0);
    answers.push(JSON.parse(out).token_ids);
  }
  expect(answers[0].length).toBeGreaterThan(0);
  expect(answers[1]).toEqual(answers[0]);

  const [imported] = await readdir(join(folder, 'packs'));
  expect(await filesOf(join(folder, 'packs', imported!))).toEqual(await filesOf(pack));
});

test.each([
  [['--type', 'Q4_0', '--out', 'x.gguf'], 2, '--shape is missing (smollm2-135m'],
  [['--shape', 'llama-9b', '--type', 'Q4_0', '--out', 'x.gguf'], 1, '--shape is llama-9b'],
  [['--shape', 'custom', '--type', 'Q9', '--out', 'x.gguf'], 1, '--type is Q9'],
  [['--shape', 'custom', '--type', 'Q4_0'], 2, 'Either --out or --pack'],
  [[...SMALL, '--out', 'x.gguf', '--pack', 'x'], 2, 'Either --out or --pack'],
  [[...SMALL, '--key-value-heads', '3', '--out', 'x.gguf'], 1, 'does not divide the 4 query heads'],
])('synth %j ends with code %i and says: %s', async (args, code, message) => {
  const run = await runLaminaHere(folder, ['synth', ...args]);
  expect(run.err).toContain(message);
  expect(run.err).not.toContain('    at ');
  expect(run.code).toBe(code);
});

test('what would not fit on the disk is refused before anything is written', async () => {
  const file = join(folder, 'large.gguf');
  const huge = ['--shape', 'llama-70b', '--type', 'F32', '--layers', '1000'];
  const { code, err } = await lamina('synth', ...huge, '--out', file);
  expect(err).toContain('Free space on the disk');
  expect(code).toBe(1);
  expect((await readdir(folder)).filter((name) => name.startsWith('large'))).toEqual([]);
});
