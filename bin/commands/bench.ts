import { access, constants, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { benchImport } from '../../src/bench/bench_import.ts';
import { benchKernels } from '../../src/bench/bench_kernels.ts';
import { benchModel } from '../../src/bench/bench_model.ts';
import { benchRates } from '../../src/bench/bench_rates.ts';
import { benchRing } from '../../src/bench/bench_ring.ts';
import type { Follower } from '../../src/bench/progress.ts';
import type { BenchReport } from '../../src/bench/report.ts';
import { benchText } from '../../src/bench/table.ts';
import { planWays } from '../../src/bench/ways.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { OutputFileError, UsageError } from '../errors.ts';
import { findModel, openDevice, openPack, packStore, withCheckpoint } from '../model.ts';
import { bytesOption, readOptions, residencyOrAuto, wholeNumber } from '../options.ts';
import { planningOptions } from '../planning.ts';
import { ProgressLine } from '../progress_line.ts';

const OPTIONS = {
  model: { type: 'string' },
  residency: { type: 'string', multiple: true },
  budget: { type: 'string', multiple: true },
  'prompt-tokens': { type: 'string' },
  decode: { type: 'string' },
  repeat: { type: 'string' },
  json: { type: 'boolean' },
  out: { type: 'string' },
} as const;

const PARTS = ['kernels', 'ring', 'import', 'model'] as const;
type Part = (typeof PARTS)[number];

/** `lamina bench`: what this device, its kernels, the ring, an import and a model reach, beside what is possible. */
export async function bench(args: string[]): Promise<void> {
  const { values, text = 'model' } = readOptions(args, OPTIONS, 'argument');
  const parts = text === 'all' ? PARTS : PARTS.filter((part) => part === text);
  if (parts.length === 0) throw new UsageError({ reason: `"${text}" is not expected here` });
  const wanted = (part: Part) => parts.includes(part);
  const residencies = (values.residency ?? ['strict', 'resident']).map(residencyOrAuto);
  const budgets = (values.budget ?? []).map((budget) => bytesOption('--budget', budget)!);
  const count = (name: 'prompt-tokens' | 'decode' | 'repeat', min: number) =>
    wholeNumber(`--${name}`, values[name], { min, max: 2 ** 20 });
  const prompt_tokens = count('prompt-tokens', 1) ?? 128;
  const decode_tokens = count('decode', 2) ?? 32;
  const repeats = count('repeat', 1) ?? 3;

  if (values.out !== undefined) await output(values.out, checkFolder);
  const gpu = await openDevice();
  const line = new ProgressLine();
  const follower: Follower = {
    onProgress: ({ name, done, of }) => line.show(`${done + 1} of ${of}: ${name}`),
  };
  const rates = await benchRates(gpu);
  const report: BenchReport = {
    adapter: gpu.adapter,
    rates,
    ...(wanted('kernels') && { kernels: await benchKernels(gpu, rates, follower) }),
    ...(wanted('ring') && { ring: await benchRing(gpu, packStore(), follower) }),
    ...(wanted('import') && (await importRate(values.model, text, follower))),
    ...(wanted('model') && {
      model: await openPack(values.model).then(async ({ store, pack }) => {
        const manifest = await openManifest(store, pack);
        const options = { gpu, manifest, rates, prompt_tokens, decode_tokens, repeats };
        const planning = { ...planningOptions(gpu, store, manifest, pack), anew: true };
        const exchange = { prompt_tokens, generated_tokens: decode_tokens };
        const planned = await planWays(planning, residencies, budgets, exchange);
        return benchModel(options, { store, pack, ...planned }, follower);
      }),
    }),
  };
  line.end();
  console.log(values.json ? JSON.stringify(report) : benchText(report));
  if (values.out !== undefined) {
    const text = `${JSON.stringify(report, null, 2)}\n`;
    await output(values.out, (file) => writeFile(file, text));
  }
}

/** Of a checkpoint; a pack has been imported already. */
async function importRate(
  model: string | undefined,
  asked: string,
  follower: Follower,
): Promise<Pick<BenchReport, 'import'>> {
  const found = await findModel(model);
  if (found.kind === 'pack') {
    if (asked === 'all') return {};
    throw new UsageError({ reason: 'What is imported is a checkpoint, and --model is a pack' });
  }
  return withCheckpoint(found, async (checkpoint) => ({
    import: await benchImport(checkpoint, packStore(), follower),
  }));
}

const checkFolder = (file: string): Promise<void> => access(dirname(resolve(file)), constants.W_OK);

/** @throws OutputFileError */
async function output(file: string, action: (file: string) => Promise<void>): Promise<void> {
  try {
    await action(file);
  } catch (error) {
    throw new OutputFileError({ file, reason: (error as Error).message });
  }
}
