import { readFile } from 'node:fs/promises';
import { Engine } from '../../src/engine/engine.ts';
import { score } from '../../src/engine/score.ts';
import { decodeUtf8 } from '../../src/formats/utf8.ts';
import { createTokenizer } from '../../src/model/tokenizer.ts';
import { tokenizerOf } from '../../src/model/tokenizer_data.ts';
import { InputFileError, UsageError } from '../errors.ts';
import { openDevice, openPackAloud } from '../model.ts';
import {
  bytesOption,
  quantizeOption,
  readOptions,
  residencyOption,
  wholeNumber,
} from '../options.ts';

const OPTIONS = {
  model: { type: 'string' },
  quantize: { type: 'string' },
  residency: { type: 'string' },
  budget: { type: 'string' },
  context: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Tokens that are read in one piece, unless given or the model takes fewer. */
const CONTEXT = 1024;
/** In fewer there is no token that follows another. */
const LEAST = 2;

/** `lamina perplexity`: how well a model foretells a text, read in pieces that know nothing of each other. */
export async function perplexity(args: string[]): Promise<void> {
  const { values, text: path } = readOptions(args, OPTIONS, 'file');
  if (path === undefined) throw new UsageError({ reason: 'There is no file with a text' });
  const residency = residencyOption(values.residency ?? 'strict');
  const budget_weights = bytesOption('--budget', values.budget);
  const quantize = quantizeOption(values.quantize);
  const wanted = wholeNumber('--context', values.context, { min: LEAST, max: 2 ** 20 });
  const text = await readText(path);

  const gpu = await openDevice();
  const { store, pack, manifest } = await openPackAloud(values.model, quantize);
  const tokenizer = createTokenizer(tokenizerOf(manifest));
  const { max_position_embeddings } = manifest.config;
  const context_length = Math.max(LEAST, Math.min(wanted ?? CONTEXT, max_position_embeddings));
  const ids = tokenizer.encode(text, { special: false });
  if (ids.length < 2) {
    throw new InputFileError({
      file: path,
      reason: `it has ${ids.length} tokens, of which none follows another`,
    });
  }
  const engine = await Engine.create({
    gpu,
    store,
    pack,
    manifest,
    residency,
    budget_weights,
    context_length,
  });
  try {
    const started = performance.now();
    let tokens = 0;
    let sum = 0;
    for (const piece of pieces(ids, context_length, tokenizer.withBos)) {
      const { logprobs } = await score(engine, piece);
      tokens += logprobs.length;
      sum += logprobs.reduce((all, value) => all + value, 0);
    }
    const report = {
      model: pack,
      text: path,
      tokens,
      context: context_length,
      perplexity: Math.exp(-sum / tokens),
      seconds: (performance.now() - started) / 1000,
    };
    console.log(values.json ? JSON.stringify(report) : inWords(report));
  } finally {
    engine.destroy();
  }
}

/** Parts of a text as the model reads them, each of at most `length` tokens; a last one of a single token says nothing. */
function* pieces(
  ids: readonly number[],
  length: number,
  withBos: (ids: readonly number[]) => number[],
): Generator<number[]> {
  const own = length - withBos([]).length;
  for (let first = 0; first < ids.length; first += own) {
    const piece = withBos(ids.slice(first, first + own));
    if (piece.length > 1) yield piece;
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new InputFileError({ file: path, reason: error.message });
  });
  const text = decodeUtf8(bytes);
  if (text === null) throw new InputFileError({ file: path, reason: 'it is not UTF-8' });
  return text;
}

interface Report {
  readonly tokens: number;
  readonly context: number;
  readonly perplexity: number;
  readonly seconds: number;
}

const inWords = ({ tokens, context, perplexity, seconds }: Report): string =>
  `perplexity ${perplexity.toFixed(4)} over ${tokens} tokens, read ${context} at a time in ${seconds.toFixed(1)} s`;
