import type { ChatModel } from '../../src/engine/chat_model.ts';
import type { Engine, Precision } from '../../src/engine/engine.ts';
import { score } from '../../src/engine/score.ts';
import type { ChatMessage } from '../../src/model/tokenizer_data.ts';

/** The default model against its reference, in Node and in a browser alike: what the reference's README asks for. */
export const REFERENCE = 'reference/smollm2-135m-instruct-q4_1';

export interface Tolerances {
  /** Largest difference of a logit or a log-probability. */
  readonly logit: number;
  /** The likeliest token must agree where the reference's margin is at least this. */
  readonly margin: number;
  /** Share of positions at which it must agree. */
  readonly agreement: number;
  /** Relative difference of the perplexity. */
  readonly perplexity: number;
  /** Relative RMS difference of the hidden states after each layer. */
  readonly hidden: number;
}

/** The README's tolerances for an engine whose cache is f32, by what it computes in. */
export const TOLERANCES: Readonly<Record<Precision, Tolerances>> = {
  f32: { logit: 0.005, margin: 0.01, agreement: 0.995, perplexity: 1e-4, hidden: 1e-4 },
  f16: { logit: 0.4, margin: 0.1, agreement: 0.99, perplexity: 2e-3, hidden: 1e-2 },
};

/** Reads a file of test/golden. */
export type Load = (path: string) => Promise<ArrayBuffer>;

async function json<T>(load: Load, name: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await load(`${REFERENCE}/${name}`))) as T;
}

/** Where the engine's likeliest token is not the reference's. */
export interface NearTie {
  readonly where: string;
  readonly expected: number;
  readonly actual: number;
  /** How far the reference's two best logits are apart there. */
  readonly margin: number;
}

/** Relative RMS difference of the hidden states, a value for the embedding, each layer and the final norm. */
export async function compareHiddenStates(engine: Engine, load: Load): Promise<number[]> {
  const { ids, shape } = await json<{ ids: number[]; shape: [number, number, number] }>(
    load,
    'hidden_states.json',
  );
  const expected = new Float32Array(await load(`${REFERENCE}/hidden_states.f32`));
  const size = shape[1] * shape[2];
  const errors: number[] = [];
  await engine.prefill(ids, 0, {
    observer: {
      hidden: (index, _, rows) => {
        errors.push(relativeRms(rows, expected.subarray(index * size, (index + 1) * size)));
      },
    },
  });
  return errors;
}

export interface PassageReport {
  readonly positions: number;
  /** Largest difference of the log-probability of the true next token. */
  readonly logprob: number;
  /** Largest difference in the four rows of logits that the reference has whole. */
  readonly logit: number;
  readonly perplexity: number;
  readonly expected_perplexity: number;
  readonly near_ties: readonly NearTie[];
}

/** The passage, every token given the ones before it. */
export async function comparePassage(
  engine: Engine,
  load: Load,
  positions = Number.POSITIVE_INFINITY,
): Promise<PassageReport> {
  const { ids, row_positions } = await json<{ ids: number[]; row_positions: number[] }>(
    load,
    'teacher_forced.json',
  );
  const { vocab_size } = engine.config;
  const all = ids.length - 1;
  const count = Math.min(positions, all);
  const arrays = await load(`${REFERENCE}/teacher_forced.bin`);
  const logprobs = new Float32Array(arrays, 0, count);
  const top1 = new Int32Array(arrays, all * 4, count);
  const margins = new Float32Array(arrays, all * 12, count);
  const logit_rows = new Float32Array(await load(`${REFERENCE}/logits_rows.f32`));

  let logit = 0;
  const found = await score(engine, ids.slice(0, count + 1), (position, row) => {
    const i = row_positions.indexOf(position);
    if (i < 0) return;
    const expected = logit_rows.subarray(i * vocab_size, (i + 1) * vocab_size);
    logit = Math.max(logit, largestDifference(row, expected));
  });

  const near_ties: NearTie[] = [];
  for (let i = 0; i < count; i++) {
    if (found.top1[i] === top1[i]) continue;
    const where = `passage, position ${i}`;
    near_ties.push({ where, expected: top1[i]!, actual: found.top1[i]!, margin: margins[i]! });
  }
  const mean = logprobs.reduce((sum, value) => sum + value, 0) / count;
  return {
    positions: count,
    logprob: largestDifference(found.logprobs, logprobs),
    logit,
    perplexity: found.perplexity,
    expected_perplexity: Math.exp(-mean),
    near_ties,
  };
}

interface ReferenceChat {
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly prompt_ids: readonly number[];
  readonly greedy_ids: readonly number[];
  readonly margins: readonly number[];
  readonly text: string;
}

export interface ChatReport {
  readonly name: string;
  /** Whether template and tokenizer give the reference's prompt. */
  readonly same_prompt: boolean;
  readonly steps: number;
  /** Steps of the reference's answer, its own tokens fed in, at which another token is likelier. */
  readonly near_ties: readonly NearTie[];
}

/** Those that are compared in a browser, one layer at a time; the others are in Node, with the whole model resident. */
export const BROWSER_CHATS = ['single-system', 'multi-system', 'non-latin-emoji'];

export async function referenceChats(load: Load): Promise<readonly ReferenceChat[]> {
  return (await json<{ chats: ReferenceChat[] }>(load, 'chat.json')).chats;
}

/** One chat with the reference's tokens fed in. */
export async function compareChat(model: ChatModel, chat: ReferenceChat): Promise<ChatReport> {
  const { name, messages, prompt_ids, greedy_ids, margins } = chat;
  const { engine } = model;
  const { vocab_size } = engine.config;
  const first = prompt_ids.length - 1;
  const near_ties: NearTie[] = [];
  await engine.prefill([...prompt_ids, ...greedy_ids.slice(0, -1)], 0, {
    observer: {
      logits_from: first,
      logits(token, rows) {
        for (let row = 0; row < rows.length / vocab_size; row++) {
          const step = token + row - first;
          const actual = argmax(rows.subarray(row * vocab_size, (row + 1) * vocab_size));
          const expected = greedy_ids[step]!;
          if (actual === expected) continue;
          near_ties.push({
            where: `${name}, step ${step}`,
            expected,
            actual,
            margin: margins[step]!,
          });
        }
      },
    },
  });
  const same_prompt = String(model.promptIds(messages)) === String(prompt_ids);
  return { name, same_prompt, steps: greedy_ids.length, near_ties };
}

interface ReferenceString {
  readonly text: string;
  readonly utf8_hex: string;
  readonly ids_special: readonly number[];
  readonly ids_plain: readonly number[];
}

/** Every string of tokenizer.json. @returns those whose ids differ */
export async function compareTokenizer(
  { tokenizer }: ChatModel,
  load: Load,
): Promise<{ strings: number; different: string[] }> {
  const { strings } = await json<{ strings: ReferenceString[] }>(load, 'tokenizer.json');
  const different = strings.filter(({ text, ids_special, ids_plain }) => {
    const special = String(tokenizer.encode(text, { special: true }));
    const plain = String(tokenizer.encode(text, { special: false }));
    return special !== String(ids_special) || plain !== String(ids_plain);
  });
  return { strings: strings.length, different: different.map(({ text }) => JSON.stringify(text)) };
}

/** For people: the near-ties one by one. */
export function inWords({ where, expected, actual, margin }: NearTie): string {
  return `near-tie: ${where}: token ${actual} instead of ${expected}, whose margin is ${margin}`;
}

function argmax(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

type Floats = Float32Array | Float64Array;

function largestDifference(actual: Floats, expected: Floats): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    // A NaN must not be the smaller one.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

function relativeRms(actual: Floats, expected: Floats): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
