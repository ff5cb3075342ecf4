import { Engine } from '../../src/engine/engine.ts';
import { UsageError } from '../errors.ts';
import { FloatFile } from '../float_file.ts';
import { openDevice, openPackAloud } from '../model.ts';
import {
  bytesOption,
  quantizeOption,
  readOptions,
  residencyOption,
  tokensOption,
} from '../options.ts';

const OPTIONS = {
  model: { type: 'string' },
  quantize: { type: 'string' },
  tokens: { type: 'string' },
  residency: { type: 'string' },
  budget: { type: 'string' },
  out: { type: 'string' },
  'hidden-states': { type: 'string' },
} as const;

/** `lamina logits`: the logits after every token, as float32 in a file; both files appear whole or not at all. */
export async function logits(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'argument');
  if (text !== undefined) throw new UsageError({ reason: `"${text}" is not expected here` });
  if (values.tokens === undefined) throw new UsageError({ reason: '--tokens is missing' });
  if (values.out === undefined) throw new UsageError({ reason: '--out is missing' });
  const residency = residencyOption(values.residency ?? 'strict');
  const budget_weights = bytesOption('--budget', values.budget);
  const quantize = quantizeOption(values.quantize);
  const ids = tokensOption('--tokens', values.tokens);

  const gpu = await openDevice();
  const { store, pack, manifest } = await openPackAloud(values.model, quantize);
  const { vocab_size, hidden_size, num_hidden_layers } = manifest.config;
  const files: FloatFile[] = [];
  const create = (path: string, shape: readonly number[]): FloatFile => {
    const file = FloatFile.create(path, shape);
    files.push(file);
    return file;
  };
  let engine: Engine | null = null;
  try {
    // What cannot be written is refused before anything is computed.
    const out = create(values.out, [ids.length, vocab_size]);
    const hidden = values['hidden-states']
      ? create(values['hidden-states'], [num_hidden_layers + 2, ids.length, hidden_size])
      : null;
    engine = await Engine.create({
      gpu,
      store,
      pack,
      manifest,
      residency,
      budget_weights,
      precision: 'f32',
      // As long as the text is: RoPE's factors may depend on it.
      context_length: ids.length,
    });
    await engine.prefill(ids, 0, {
      observer: {
        logits: (first, rows) => out.write([first, 0], rows),
        ...(hidden && { hidden: (index, first, rows) => hidden.write([index, first, 0], rows) }),
      },
    });
    for (const file of files) await file.commit();
  } catch (error) {
    for (const file of files) await file.abort();
    throw error;
  } finally {
    engine?.destroy();
  }
}
