import { ByteLevelDecoder, Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { findPreTokenizer } from './pre_tokenizers.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

export interface Tokenizer {
  /**
   * The ids of a text, without BOS. Bytes that no token stands for are left out, as llama.cpp does.
   * @param options.special names of control tokens in the text become these tokens; else they are plain text
   */
  encode(text: string, options: { special: boolean }): number[];
  /** Puts BOS before a prompt if the model wants it there, and the prompt does not begin with it already. */
  withBos(ids: readonly number[]): number[];
  /** The text of some ids; control tokens have none, and U+FFFD stands for bytes that are not UTF-8. */
  decode(ids: readonly number[]): string;
  /** UTF-8 of one token: often a part of a character only. */
  bytes(id: number): Uint8Array<ArrayBuffer>;
}

/** The characters by which byte-level BPE writes bytes (Radford et al. 2019), and their bytes. */
const BYTE_OF_CHARACTER = new Map(
  Object.entries(new ByteLevelDecoder({ type: 'ByteLevel' }).byte_decoder).map(
    ([character, byte]) => [character, Number(byte)],
  ),
);

const { control, unknown, user_defined, normal } = TOKEN_TYPE;

/**
 * A tokenizer from what the checkpoint says.
 * @throws UnknownPreTokenizerError
 */
export function createTokenizer(data: TokenizerData): Tokenizer {
  const { tokens, token_types, bos_token_id, add_bos_token } = data;
  // User-defined tokens are found in any text, as llama.cpp does; control tokens only where they may mean something.
  const plain = hubTokenizer(data, [user_defined], bpeModel(data));
  const special = hubTokenizer(data, [user_defined, control, unknown], EMPTY_MODEL);
  // Both share one vocabulary: it takes megabytes.
  special.model = plain.model;

  const tokenizer: Tokenizer = {
    encode: (text, options) => {
      const encoder = options.special ? special : plain;
      return encoder.encode(text.replace(/\p{Surrogate}/gu, '\ufffd')).ids;
    },
    withBos: (ids) =>
      add_bos_token && bos_token_id !== null && ids[0] !== bos_token_id
        ? [bos_token_id, ...ids]
        : [...ids],
    decode: (ids) => {
      const stream = createTextStream(tokenizer);
      return ids.map((id) => stream.push(id)).join('') + stream.end();
    },
    bytes: (id) => {
      const token = tokens[id] ?? '';
      if (token_types[id] === user_defined) return new TextEncoder().encode(token);
      return token_types[id] === normal ? bytesOf(token) : new Uint8Array();
    },
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
  return {
    push: (id) => decoder.decode(tokenizer.bytes(id), { stream: true }),
    end: () => decoder.decode(),
  };
}

const EMPTY_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/** `added` are the types of tokens that are found in a text before it is cut into words. */
function hubTokenizer(data: TokenizerData, added: readonly number[], model: object): HubTokenizer {
  const { tokens, token_types, pre_tokenizer } = data;
  const splits = findPreTokenizer(pre_tokenizer).patterns.map((Regex) => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const json = {
    added_tokens: tokens.flatMap((content, id) =>
      added.includes(token_types[id]!) ? [{ id, content, special: true }] : [],
    ),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [...splits, { type: 'ByteLevel', use_regex: false, add_prefix_space: false }],
    },
    model,
    post_processor: null,
    decoder: null,
  };
  return new HubTokenizer(json, {});
}

function bpeModel({ tokens, token_types, merges, pre_tokenizer }: TokenizerData): object {
  // Without control tokens: merging must not make them out of plain text.
  const words = tokens
    .map((token, id) => [token, id] as const)
    .filter(([, id]) => token_types[id] !== control && token_types[id] !== unknown);
  const vocab = new Map(words);
  return {
    type: 'BPE',
    vocab: Object.fromEntries(vocab),
    merges: merges.filter((merge) => vocab.has(merge.replace(' ', ''))),
    ignore_merges: findPreTokenizer(pre_tokenizer).ignore_merges,
    unk_token: null,
  };
}

/** Bytes of a token in byte-level BPE's alphabet; a token outside of that alphabet is plain text. */
function bytesOf(token: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
