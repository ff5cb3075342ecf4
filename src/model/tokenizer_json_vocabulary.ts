import type { JsonValue } from '../formats/json_value.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

/** The part of a tokenizer that `tokenizer.json` keeps in `model` and `added_tokens`. */
export type Vocabulary = Pick<
  TokenizerData,
  | 'tokens'
  | 'token_types'
  | 'lstrip_token_ids'
  | 'rstrip_token_ids'
  | 'merges'
  | 'scores'
  | 'ignore_merges'
  | 'byte_fallback'
  | 'unknown_token_id'
>;

/**
 * @param vocab_size rows of the embedding
 * @throws JsonValueError
 */
export function readVocabulary(
  json: JsonValue,
  type: TokenizerData['model'],
  vocab_size: number,
): Vocabulary {
  const model = json.get('model');
  const { tokens, scores } =
    type === 'BPE'
      ? { tokens: readIds(model.get('vocab'), vocab_size), scores: [] }
      : readScores(model.get('vocab'), vocab_size);
  const byte_fallback = model.optional('byte_fallback')?.boolean() ?? false;
  if (type === 'Unigram' && byte_fallback) {
    model.get('byte_fallback').fail('is true, which Lamina knows with BPE only');
  }
  for (const affix of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model.optional(affix)?.string()) model.get(affix).fail('is not empty, as Lamina needs it');
  }

  const token_types = Array.from(tokens, (token): number =>
    byte_fallback && /^<0x[0-9A-F]{2}>$/.test(token ?? '') ? TOKEN_TYPE.byte : TOKEN_TYPE.normal,
  );
  const lstrip_token_ids: number[] = [];
  const rstrip_token_ids: number[] = [];
  for (const added of json.optional('added_tokens')?.array((item) => item) ?? []) {
    const id = added.get('id').integer(0, Number.MAX_SAFE_INTEGER);
    const content = added.get('content').string();
    if (content === '') added.get('content').fail('is empty');
    if (id >= vocab_size) continue;
    if ((tokens[id] ?? content) !== content) added.get('id').fail('is that of another token');
    const special = added.optional('special')?.boolean() ?? false;
    tokens[id] = content;
    token_types[id] = special ? TOKEN_TYPE.control : TOKEN_TYPE.user_defined;
    if (added.optional('lstrip')?.boolean()) lstrip_token_ids.push(id);
    if (added.optional('rstrip')?.boolean()) rstrip_token_ids.push(id);
  }

  const unknown = type === 'BPE' ? model.optional('unk_token')?.string() : undefined;
  const unknownId = unknown === undefined ? -1 : tokens.indexOf(unknown);
  return {
    tokens: Array.from(tokens, (token) => token ?? ''),
    token_types: Array.from(tokens, (token, id) =>
      token === undefined ? TOKEN_TYPE.unused : token_types[id]!,
    ),
    lstrip_token_ids,
    rstrip_token_ids,
    merges: type === 'BPE' ? readMerges(model.get('merges')) : [],
    scores: type === 'BPE' ? [] : [...scores, ...Array(tokens.length - scores.length).fill(0)],
    ignore_merges: model.optional('ignore_merges')?.boolean() ?? false,
    byte_fallback,
    unknown_token_id:
      type === 'Unigram'
        ? model.get('unk_id').integer(0, tokens.length - 1)
        : unknownId < 0
          ? null
          : unknownId,
  };
}

/** `{ token: id }`; ids may be left out. */
function readIds(vocab: JsonValue, vocab_size: number): (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  for (const token of vocab.keys()) {
    const id = vocab.get(token).integer(0, vocab_size - 1);
    if (tokens[id] !== undefined) vocab.get(token).fail(`is ${id}, the id of another token too`);
    tokens[id] = token;
  }
  if (tokens.length === 0) vocab.fail('is empty');
  return tokens;
}

/** `[[token, log-probability], …]` */
function readScores(vocab: JsonValue, vocab_size: number) {
  const tokens: (string | undefined)[] = [];
  const scores = vocab.array((item) => {
    const [token, score, ...others] = item.array((part) => part);
    if (!token || !score || others.length > 0) return item.fail('is not a token and its score');
    tokens.push(token.string());
    return score.finite();
  });
  if (tokens.length === 0 || tokens.length > vocab_size) {
    vocab.fail(`has ${tokens.length} entries for an embedding with ${vocab_size} rows`);
  }
  return { tokens, scores };
}

/** `["left right", …]` or `[["left", "right"], …]` */
function readMerges(json: JsonValue): string[] {
  return json.array((item) => {
    const merge = Array.isArray(item.unchecked())
      ? item.array((part) => part.string()).join(' ')
      : item.string();
    if (!/^[^ ]+ [^ ]+$/.test(merge)) item.fail('is not a pair of tokens without spaces');
    return merge;
  });
}
