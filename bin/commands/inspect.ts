import type { ModelConfig } from '../../src/model/config.ts';
import { planPack } from '../../src/model/plan_pack.ts';
import type { TokenizerData } from '../../src/model/tokenizer_data.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { type FileLayout, planFiles } from '../../src/store/pack_layout.ts';
import { findModel, withCheckpoint } from '../model.ts';
import { readOptions } from '../options.ts';

const OPTIONS = { model: { type: 'string' }, json: { type: 'boolean' } } as const;

interface Contents {
  readonly name: string;
  readonly config: ModelConfig;
  readonly chat_template: boolean;
  /** The files of the pack: embedding, layers, head. */
  readonly files: readonly FileLayout[];
}

/** `lamina inspect`: what a model is made of. Nothing is imported for it. */
export async function inspect(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'model');
  const contents = await contentsOf(text ?? values.model);
  console.log(values.json ? JSON.stringify(asJson(contents)) : inWords(contents));
}

async function contentsOf(model: string | undefined): Promise<Contents> {
  const found = await findModel(model);
  if (found.kind === 'pack') {
    const { name, config, tokenizer, embedding, layers, head } = await openManifest(
      found.store,
      found.pack,
    );
    const chat_template = hasTemplate(tokenizer);
    return { name, config, chat_template, files: [embedding, ...layers, head] };
  }
  return withCheckpoint(found, (checkpoint) => {
    const plan = planPack(checkpoint);
    const files = planFiles(plan).map(({ layout }) => layout);
    const { name, config, tokenizer } = plan;
    return { name, config, chat_template: hasTemplate(tokenizer), files };
  });
}

const hasTemplate = (tokenizer: TokenizerData | null): boolean =>
  tokenizer !== null && tokenizer.chat_template !== null;

function asJson({ name, config, chat_template, files }: Contents) {
  return {
    name,
    config,
    chat_template,
    files: files.map(({ name, bytes, tensors }) => ({
      name,
      bytes,
      tensors: tensors.map(({ name, type, shape }) => ({ name, type, shape })),
    })),
  };
}

function inWords({ name, config, chat_template, files }: Contents): string {
  const lines = [
    name,
    ...Object.entries(config).map(([key, value]) => `  ${key.padEnd(24)} ${inOneLine(value)}`),
    `  ${'chat_template'.padEnd(24)} ${chat_template ? 'yes' : 'none'}`,
  ];
  for (const { name, bytes, tensors } of files) {
    lines.push('', `${name}  ${bytes} bytes`);
    for (const { name, type, shape } of tensors) {
      lines.push(`  ${name.padEnd(32)} ${type.padEnd(6)} [${shape.join(', ')}]`);
    }
  }
  return lines.join('\n');
}

const inOneLine = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
