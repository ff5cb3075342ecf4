import { Engine } from '../../src/engine/engine.ts';
import { SettingError } from '../../src/engine/errors.ts';
import { Conversation } from '../../src/engine/generate.ts';
import { seededRandom } from '../../src/engine/random.ts';
import { adapterName } from '../../src/gpu/device.ts';
import { BufferLedger } from '../../src/gpu/ledger.ts';
import { measureRates } from '../../src/gpu/rates.ts';
import type { Residency } from '../../src/plan/residency.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { openDevice, openPack } from '../model.ts';
import { numberOption, readOptions, residencyOption } from '../options.ts';

const OPTIONS = {
  model: { type: 'string' },
  residency: { type: 'string', multiple: true },
  budget: { type: 'string' },
  'prompt-tokens': { type: 'string' },
  decode: { type: 'string' },
  repeat: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** A figure of several runs. */
interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `lamina bench`: prefill and decode of a model beside what the device can do at best, measured in the same run. */
export async function bench(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'argument');
  if (text !== undefined)
    throw new SettingError({ setting: 'argument', value: text, allowed: 'none' });
  const modes = (values.residency ?? ['strict', 'resident']).map(residencyOption);
  const budget = numberOption('--budget', values.budget) ?? 0;
  const prompt_tokens = numberOption('--prompt-tokens', values['prompt-tokens']) ?? 128;
  const decode = numberOption('--decode', values.decode) ?? 32;
  const repeat = numberOption('--repeat', values.repeat) ?? 3;

  const gpu = await openDevice();
  const { store, pack } = await openPack(values.model);
  const manifest = await openManifest(store, pack);
  const most = Math.min(
    gpu.device.limits.maxStorageBufferBindingSize,
    gpu.adapter.software ? 2 ** 26 : 2 ** 30,
  );
  const rates = await measureRates(new BufferLedger(gpu.device), most);
  const random = seededRandom(1);
  const prompt = Array.from({ length: prompt_tokens }, () =>
    Math.floor(random() * Math.min(manifest.tokenizer.tokens.length, 256)),
  );

  const results = [];
  for (const residency of modes) {
    const engine = await Engine.create({
      gpu,
      store,
      pack,
      manifest,
      residency,
      budget_weights: budget,
    });
    try {
      const runs = [];
      for (let run = 0; run <= repeat; run++) {
        const conversation = new Conversation(engine);
        const { statistics } = await conversation.generate(prompt, [], { max_tokens: decode });
        // The first run warms up.
        if (run > 0) runs.push(statistics);
      }
      const { dispatches_per_token } = engine;
      const limit =
        1 /
        (engine.weights.bytes_per_token / rates.read_bytes_per_second +
          dispatches_per_token * rates.dispatch_seconds);
      results.push({
        residency,
        weight_bytes: engine.ledger.read('weights').bytes,
        bytes_per_token: engine.weights.bytes_per_token,
        dispatches_per_token,
        resident_limit_tokens_per_second: limit,
        decode_tokens_per_second: spread(runs.map((s) => s.tokens_per_second)),
        prefill_tokens_per_second: spread(runs.map((s) => s.prefill_tokens_per_second)),
        time_to_first_token_ms: spread(runs.map((s) => s.time_to_first_token_ms)),
        bytes_read: runs[0]!.bytes_read,
      });
    } finally {
      engine.destroy();
    }
  }
  const report = {
    adapter: adapterName(gpu.adapter),
    model: manifest.name,
    rates,
    prompt_tokens,
    decode,
    results,
  };
  console.log(values.json ? JSON.stringify(report) : inWords(report));
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, min: sorted[0]!, max: sorted.at(-1)! };
}

interface Report {
  readonly adapter: string;
  readonly model: string;
  readonly rates: { readonly read_bytes_per_second: number; readonly dispatch_seconds: number };
  readonly prompt_tokens: number;
  readonly decode: number;
  readonly results: readonly {
    readonly residency: Residency;
    readonly weight_bytes: number;
    readonly bytes_per_token: number;
    readonly dispatches_per_token: number;
    readonly resident_limit_tokens_per_second: number;
    readonly decode_tokens_per_second: Spread;
    readonly prefill_tokens_per_second: Spread;
    readonly time_to_first_token_ms: Spread;
  }[];
}

function inWords({ adapter, model, rates, prompt_tokens, decode, results }: Report): string {
  const of = ({ median, min, max }: Spread) =>
    `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`;
  return [
    `${model} on ${adapter}`,
    `  a shader reads ${(rates.read_bytes_per_second / 1e9).toFixed(1)} GB/s; a dependent dispatch costs ${(rates.dispatch_seconds * 1e6).toFixed(2)} µs`,
    ...results.flatMap((r) => [
      `${r.residency}: ${(r.weight_bytes / 1e6).toFixed(1)} MB of weights on the GPU, ${(r.bytes_per_token / 1e6).toFixed(1)} MB and ${r.dispatches_per_token} dispatches a token`,
      `  decode   ${of(r.decode_tokens_per_second)} tokens/s over ${decode}; resident at best ${r.resident_limit_tokens_per_second.toFixed(1)}`,
      `  prefill  ${of(r.prefill_tokens_per_second)} tokens/s over ${prompt_tokens}`,
      `  first    ${of(r.time_to_first_token_ms)} ms`,
    ]),
  ].join('\n');
}
