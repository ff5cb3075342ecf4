import type { Checkpoint } from '../formats/checkpoint.ts';
import { endTokenIds } from './end_tokens.ts';
import { UnsupportedTokenizerError } from './errors.ts';
import { Metadata } from './metadata.ts';
import { byteLevelComponent, findPreTokenizer } from './pre_tokenizers.ts';
import { shown } from './shown.ts';
import { mergesOfScores } from './spm_merges.ts';
import type { Component } from './tokenizer_components.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

const TOKENS = 'tokenizer.ggml.tokens';
const TYPES = 'tokenizer.ggml.token_type';
const SCORES = 'tokenizer.ggml.scores';
const MERGES = 'tokenizer.ggml.merges';
const SEVERAL_EOS = 'tokenizer.ggml.eos_token_ids';
const TEMPLATE = 'tokenizer.chat_template';

/** What `tokenizer.ggml.model` decides. */
type Kind = Pick<
  TokenizerData,
  | 'model'
  | 'alphabet'
  | 'normalizer'
  | 'pre_tokenizer'
  | 'merges'
  | 'scores'
  | 'ignore_merges'
  | 'byte_fallback'
  | 'add_space_prefix'
>;

interface Defaults {
  readonly add_bos: boolean;
  readonly add_eos: boolean;
  /** The ids that a file need not name, as llama.cpp has them. */
  readonly bos?: number;
  readonly eos?: number;
  readonly unknown?: number;
}

/** The tokens of a file, and a type for each. */
interface Vocabulary {
  readonly tokens: readonly string[];
  readonly token_types: readonly number[];
}

type Read = (metadata: Metadata, vocabulary: Vocabulary) => { kind: Kind; defaults: Defaults };

const READ: Readonly<Record<string, Read>> = {
  gpt2: readByteLevel,
  llama: readSentencePiece,
  t5: readUnigram,
};

/**
 * What a GGUF file says about its tokens.
 * @param vocab_size rows of the embedding; there may be fewer tokens, never more
 * @throws UnsupportedTokenizerError, UnknownPreTokenizerError, MissingMetadataError, InvalidMetadataError
 */
export function readTokenizer(checkpoint: Checkpoint, vocab_size: number): TokenizerData {
  const metadata = new Metadata(checkpoint);
  const model = metadata.string('tokenizer.ggml.model');
  if (!Object.hasOwn(READ, model)) {
    const known = Object.keys(READ);
    const part = 'tokenizer.ggml.model';
    throw new UnsupportedTokenizerError({ source: checkpoint.source.name, part, is: model, known });
  }
  const vocabulary = readVocabulary(metadata, vocab_size);
  const { tokens, token_types } = vocabulary;
  const { kind, defaults } = READ[model]!(metadata, vocabulary);

  const tokenId = (name: string, missing: number | null = null): number | null =>
    metadata.integer(`tokenizer.ggml.${name}_token_id`, 0, tokens.length - 1, missing);
  const inside = (id: number | undefined) => (id !== undefined && id < tokens.length ? id : null);
  const eos_token_id = tokenId('eos', inside(defaults.eos));

  const ends = endTokenIds(tokens);
  const several = metadata.get(SEVERAL_EOS)
    ? metadata.integers(SEVERAL_EOS, 0, tokens.length - 1)
    : [];
  const stop_token_ids = new Set([
    eos_token_id,
    ...several,
    tokenId('eot'),
    tokenId('eom'),
    ...ends,
  ]);
  // Some converters leave the type at "normal", and the token would show in the answer.
  const types = token_types.map((type, id) => (ends.includes(id) ? TOKEN_TYPE.control : type));
  const unknown_token_id = tokenId('unknown', inside(defaults.unknown));
  if (kind.model === 'Unigram' && unknown_token_id === null) {
    metadata.fail('tokenizer.ggml.unknown_token_id', 'is missing');
  }
  return {
    ...kind,
    tokens,
    token_types: types,
    lstrip_token_ids: [],
    rstrip_token_ids: strippingTokens(metadata, { tokens, token_types: types }),
    bos_token_id: tokenId('bos', inside(defaults.bos)),
    eos_token_id,
    unknown_token_id,
    add_bos_token: metadata.boolean('tokenizer.ggml.add_bos_token', defaults.add_bos),
    add_eos_token: metadata.boolean('tokenizer.ggml.add_eos_token', defaults.add_eos),
    stop_token_ids: [...stop_token_ids].filter((id) => id !== null).toSorted((a, b) => a - b),
    chat_template: metadata.string(TEMPLATE, null) || null,
    tool_use_template: metadata.string(`${TEMPLATE}.tool_use`, null) || null,
  };
}

function readVocabulary(metadata: Metadata, vocab_size: number): Vocabulary {
  const tokens = metadata.strings(TOKENS);
  if (tokens.length === 0 || tokens.length > vocab_size) {
    const reason = `holds ${tokens.length} tokens for an embedding with ${vocab_size} rows`;
    metadata.fail(TOKENS, reason);
  }
  const known = new Set<string>();
  for (const [id, token] of tokens.entries()) {
    // What has no text cannot be taken for another.
    if (known.has(token) && token !== '')
      metadata.fail(TOKENS, `holds ${shown(token)} twice, again at index ${id}`);
    known.add(token);
  }
  const token_types = metadata.integers(TYPES, 0, 6);
  if (token_types.length !== tokens.length) {
    metadata.fail(TYPES, `holds ${token_types.length} types for ${tokens.length} tokens`);
  }
  return { tokens, token_types };
}

/** GPT-2's: bytes as printable characters, merge rules, words cut as the pre-tokenizer's name says. */
function readByteLevel(metadata: Metadata) {
  const pre_tokenizer = findPreTokenizer(metadata.string('tokenizer.ggml.pre'));
  const kind: Kind = {
    model: 'BPE',
    alphabet: 'byte_level',
    normalizer: null,
    pre_tokenizer: byteLevelComponent(pre_tokenizer),
    merges: readMerges(metadata),
    scores: [],
    ignore_merges: pre_tokenizer.ignore_merges ?? false,
    byte_fallback: false,
    add_space_prefix: metadata.boolean('tokenizer.ggml.add_space_prefix', false),
  };
  return { kind, defaults: { add_bos: pre_tokenizer.add_bos ?? false, add_eos: false } };
}

/** SentencePiece's BPE: a text is one word; spaces are `▁`, and a score per token says what is merged. */
function readSentencePiece(metadata: Metadata, { tokens, token_types }: Vocabulary) {
  const scores = readScores(metadata, tokens.length);
  // Merging must not make control tokens out of plain text, nor bytes out of their names.
  const mergeable: readonly number[] = [
    TOKEN_TYPE.normal,
    TOKEN_TYPE.user_defined,
    TOKEN_TYPE.unused,
  ];
  const words = tokens
    .map((token, id) => [token, scores[id]!] as const)
    .filter(([token], id) => token !== '' && mergeable.includes(token_types[id]!));
  const add_space_prefix = metadata.boolean('tokenizer.ggml.add_space_prefix', true);
  const prepend = add_space_prefix ? [{ type: 'Prepend', prepend: '▁' }] : [];
  const kind: Kind = {
    model: 'BPE',
    alphabet: 'metaspace',
    normalizer: sequence(...prepend, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }),
    pre_tokenizer: null,
    merges: mergesOfScores(new Map(words)),
    scores: [],
    ignore_merges: false,
    byte_fallback: true,
    add_space_prefix,
  };
  return { kind, defaults: { add_bos: true, add_eos: false, bos: 1, eos: 2, unknown: 0 } };
}

/** SentencePiece's Unigram: the likeliest of all ways to cut the text. */
function readUnigram(metadata: Metadata, { tokens }: Vocabulary) {
  const add_space_prefix = metadata.boolean('tokenizer.ggml.add_space_prefix', true);
  const normalizers: Component[] = [{ type: 'Precompiled' }];
  if (metadata.boolean('tokenizer.ggml.remove_extra_whitespaces', false)) {
    normalizers.push(
      { type: 'Strip', strip_left: true, strip_right: true },
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
    );
  }
  const prepend_scheme = add_space_prefix ? 'always' : 'never';
  const kind: Kind = {
    model: 'Unigram',
    alphabet: 'metaspace',
    normalizer: sequence(...normalizers),
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme },
    merges: [],
    scores: readScores(metadata, tokens.length),
    ignore_merges: false,
    byte_fallback: false,
    add_space_prefix,
  };
  return { kind, defaults: { add_bos: false, add_eos: true, eos: 1, unknown: 2 } };
}

const sequence = (...normalizers: Component[]): Component => ({ type: 'Sequence', normalizers });

function readScores(metadata: Metadata, count: number): number[] {
  const scores = metadata.numbers(SCORES);
  if (scores.length !== count) {
    metadata.fail(SCORES, `holds ${scores.length} scores for ${count} tokens`);
  }
  return scores;
}

function readMerges(metadata: Metadata): string[] {
  const merges = metadata.strings(MERGES);
  const broken = merges.findIndex((merge) => !/^[^ ]+ [^ ]+$/.test(merge));
  if (broken >= 0) {
    metadata.fail(MERGES, `holds no pair of tokens with one space between at index ${broken}`);
  }
  return merges;
}

/** GGUF has no word for tokens that take the whitespace after them along; llama.cpp knows Phi-3's by its name. */
function strippingTokens(metadata: Metadata, { tokens, token_types }: Vocabulary): number[] {
  const isPhi3 = /phi-?3/i.test(metadata.string('general.name', ''));
  const { control, user_defined } = TOKEN_TYPE;
  const added: readonly number[] = [control, user_defined];
  const without = ['<unk>', '<s>', '<|endoftext|>'];
  return [...tokens.keys()].filter(
    (id) =>
      isPhi3 &&
      (tokens[id] === '</s>' ||
        (added.includes(token_types[id]!) && !without.includes(tokens[id]!))),
  );
}
