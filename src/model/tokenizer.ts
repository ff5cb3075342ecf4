import { ByteLevelDecoder, Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { GUARD } from './control_guard.ts';
import { thinkingFormat } from './thinking.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

export interface Tokenizer {
  /**
   * The ids of a text, without BOS. Bytes that no token stands for are left out, as llama.cpp does.
   * @param options.special names of control tokens in the text become these tokens, unless they are guarded; else they
   * are plain text
   */
  encode(text: string, options: { special: boolean }): number[];
  /** Puts BOS before a prompt if the model wants it there, and the prompt does not begin with it already. */
  withBos(ids: readonly number[]): number[];
  /** Puts EOS after a text that is whole (no prompt is) if the model wants it there, and it is not there already. */
  withEos(ids: readonly number[]): number[];
  /** The text of some ids; control tokens have none, and U+FFFD stands for bytes that are not UTF-8. */
  decode(ids: readonly number[]): string;
  /** UTF-8 of one token: often a part of a character only. */
  bytes(id: number): Uint8Array<ArrayBuffer>;
  /** Encoding has put a space before the text, which is none of it. */
  readonly add_space_prefix: boolean;
}

/** The characters by which byte-level BPE writes bytes (Radford et al. 2019), and their bytes. */
const BYTE_OF_CHARACTER = new Map(
  Object.entries(new ByteLevelDecoder({ type: 'ByteLevel' }).byte_decoder).map(
    ([character, byte]) => [character, Number(byte)],
  ),
);

const { control, unknown, user_defined, normal, byte } = TOKEN_TYPE;

/** A tokenizer from what the checkpoint says. */
export function createTokenizer(data: TokenizerData): Tokenizer {
  const { tokens, token_types, bos_token_id, add_bos_token, eos_token_id, add_eos_token } = data;
  // User-defined tokens are found in any text, as llama.cpp does; control tokens only where they may mean something.
  const plain = hubTokenizer(data, [user_defined], modelOf(data));
  const unguard = { type: 'Replace', pattern: { String: GUARD }, content: '' };
  const normalizers = [unguard, ...(data.normalizer ? [data.normalizer] : [])];
  const special = hubTokenizer(
    { ...data, normalizer: { type: 'Sequence', normalizers } },
    [user_defined, control, unknown],
    EMPTY_MODEL,
  );
  if (data.unknown_token_id !== null) plain.model!.unk_token_id = data.unknown_token_id;
  // Both share one vocabulary: it takes megabytes.
  special.model = plain.model;

  const marks = thinkingFormat(data)?.tokens ?? [];
  const tokenizer: Tokenizer = {
    encode: (text, options) => {
      const encoder = options.special ? special : plain;
      return encoder.encode(text.replace(/\p{Surrogate}/gu, '\ufffd')).ids;
    },
    withBos: (ids) =>
      add_bos_token && bos_token_id !== null && ids[0] !== bos_token_id
        ? [bos_token_id, ...ids]
        : [...ids],
    withEos: (ids) =>
      add_eos_token && eos_token_id !== null && ids.at(-1) !== eos_token_id
        ? [...ids, eos_token_id]
        : [...ids],
    decode: (ids) => {
      const stream = createTextStream(tokenizer);
      return ids.map((id) => stream.push(id)).join('') + stream.end();
    },
    bytes: (id) => {
      const token = tokens[id] ?? '';
      // Whoever reads the answer must see where thinking ends, also where a control token says so.
      if (marks.includes(token)) return utf8(token);
      switch (token_types[id]) {
        case byte:
          return byteOf(token);
        case user_defined:
          return utf8(data.alphabet === 'metaspace' ? token.replaceAll('▁', ' ') : token);
        case normal:
          return data.alphabet === 'metaspace' ? utf8(token.replaceAll('▁', ' ')) : bytesOf(token);
        default:
          return new Uint8Array();
      }
    },
    add_space_prefix: data.add_space_prefix,
  };
  return tokenizer;
}

export interface TextStream {
  /** The text that this token completes: never half a character, and often nothing. */
  push(id: number): string;
  /** What is left when no token follows. */
  end(): string;
}

/** Decodes tokens one by one, as they are generated. */
export function createTextStream(tokenizer: Tokenizer): TextStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let begins = tokenizer.add_space_prefix;
  return {
    push: (id) => {
      const text = decoder.decode(tokenizer.bytes(id), { stream: true });
      if (!begins || text === '') return text;
      begins = false;
      return text.startsWith(' ') ? text.slice(1) : text;
    },
    end: () => decoder.decode(),
  };
}

const EMPTY_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/** `added` are the types of tokens that are found in a text before it is cut into words. */
function hubTokenizer(data: TokenizerData, added: readonly number[], model: object): HubTokenizer {
  const { tokens, token_types, normalizer, pre_tokenizer } = data;
  const lstrip = new Set(data.lstrip_token_ids);
  const rstrip = new Set(data.rstrip_token_ids);
  const json = {
    // "Special" for the library: found in the text as it is, before any normalizer.
    added_tokens: tokens.flatMap((content, id) =>
      added.includes(token_types[id]!) && content !== ''
        ? [{ id, content, special: true, lstrip: lstrip.has(id), rstrip: rstrip.has(id) }]
        : [],
    ),
    normalizer,
    pre_tokenizer,
    model,
    post_processor: null,
    decoder: null,
  };
  return new HubTokenizer(json, {});
}

function modelOf(data: TokenizerData): object {
  const { tokens, token_types, merges, scores, unknown_token_id, alphabet } = data;
  // Control tokens must not be made out of plain text.
  const isWord = (id: number): boolean =>
    tokens[id] !== '' && token_types[id] !== control && token_types[id] !== unknown;
  if (data.model === 'Unigram') {
    return {
      type: 'Unigram',
      // By position: a text never holds half a surrogate pair, so these are never found.
      vocab: tokens.map((token, id) => [isWord(id) ? token : `\ud800${id}`, scores[id]]),
      unk_id: unknown_token_id,
    };
  }
  const vocab = new Map(
    tokens.map((token, id) => [token, id] as const).filter(([, id]) => isWord(id)),
  );
  // Nor may bytes be made out of their names.
  const isMade = (merge: string): boolean => {
    const id = vocab.get(merge.replace(' ', ''));
    return id !== undefined && token_types[id] !== byte;
  };
  return {
    type: 'BPE',
    vocab: Object.fromEntries(vocab),
    merges: merges.filter(isMade),
    ignore_merges: data.ignore_merges,
    byte_fallback: data.byte_fallback,
    unk_token:
      alphabet === 'metaspace' && unknown_token_id !== null ? tokens[unknown_token_id] : null,
    fuse_unk: alphabet === 'metaspace',
  };
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** The byte that `<0x0A>` stands for. */
function byteOf(token: string): Uint8Array<ArrayBuffer> {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return hex ? Uint8Array.of(Number.parseInt(hex, 16)) : new Uint8Array();
}

/** Bytes of a token in byte-level BPE's alphabet; a token outside of that alphabet is plain text. */
function bytesOf(token: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const character of token) {
    const found = BYTE_OF_CHARACTER.get(character);
    if (found === undefined) return utf8(token);
    bytes.push(found);
  }
  return Uint8Array.from(bytes);
}
