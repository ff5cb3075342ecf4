import { planPack } from '../../src/model/plan_pack.ts';
import { createTokenizer } from '../../src/model/tokenizer.ts';
import { type TokenizerData, tokenizerOf } from '../../src/model/tokenizer_data.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { UsageError } from '../errors.ts';
import { findModel, withCheckpoint } from '../model.ts';
import { readOptions } from '../options.ts';

const OPTIONS = {
  model: { type: 'string' },
  'no-special': { type: 'boolean' },
} as const;

/** `lamina tokens`: the ids of a text. Nothing is imported for it. */
export async function tokens(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'text');
  if (text === undefined) throw new UsageError({ reason: 'There is no text' });
  const tokenizer = createTokenizer(await tokenizerData(values.model));
  console.log(JSON.stringify(tokenizer.encode(text, { special: !values['no-special'] })));
}

async function tokenizerData(model: string | undefined): Promise<TokenizerData> {
  const found = await findModel(model);
  if (found.kind === 'pack') {
    return tokenizerOf(await openManifest(found.store, found.pack));
  }
  return withCheckpoint(found, (checkpoint) => tokenizerOf(planPack(checkpoint)));
}
