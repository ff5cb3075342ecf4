import { JsonValue, JsonValueError } from '../formats/json_value.ts';
import { endTokenIds } from './end_tokens.ts';
import { TokenizerInvalidError, UnsupportedTokenizerError } from './errors.ts';
import {
  type Component,
  readNormalizer,
  readPreTokenizer,
  within,
} from './tokenizer_components.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';
import { readVocabulary } from './tokenizer_json_vocabulary.ts';

/** The files beside a safetensors checkpoint that tell of its tokens, as JSON parsed them. */
export interface TokenizerDocuments {
  /** The checkpoint's name, for messages. */
  readonly source: string;
  /** `tokenizer.json` */
  readonly tokenizer: unknown;
  /** `tokenizer_config.json` */
  readonly tokenizer_config?: unknown;
  /** `generation_config.json` */
  readonly generation_config?: unknown;
  /** The text of `chat_template.jinja`. */
  readonly chat_template?: string | undefined;
}

/**
 * What the files of a Hugging Face checkpoint say about its tokens.
 * @param vocab_size rows of the embedding; added tokens beyond them (of pictures, mostly) do not exist here
 * @throws TokenizerInvalidError, UnsupportedTokenizerError
 */
export function readTokenizerJson(
  { source, chat_template, ...documents }: TokenizerDocuments,
  vocab_size: number,
): TokenizerData {
  /** Reads one of the documents; a missing one is an empty one. */
  const from = <T>(document: keyof typeof documents, read: (json: JsonValue) => T): T => {
    try {
      return read(JsonValue.of(documents[document] ?? {}));
    } catch (error) {
      if (!(error instanceof JsonValueError)) throw error;
      const { field, reason } = error;
      throw new TokenizerInvalidError({ source, document: `${document}.json`, field, reason });
    }
  };

  const is = from('tokenizer', (json) => modelType(json.get('model')));
  if (is !== 'BPE' && is !== 'Unigram') {
    const known = ['BPE', 'Unigram'];
    throw new UnsupportedTokenizerError({ source, part: 'model.type', is, known });
  }
  const { tokens, ...vocabulary } = from('tokenizer', (json) =>
    readVocabulary(json, is, vocab_size),
  );
  const words = from('tokenizer', readWords);
  const idOf = (token: string | null): number | null => {
    const id = token === null ? -1 : tokens.indexOf(token);
    return id < 0 ? null : id;
  };
  const named = (name: string) =>
    from('tokenizer_config', (json) => idOf(tokenText(json.optional(name))));
  const generated = (name: string) =>
    from('generation_config', (json) => tokenIds(json.optional(name), tokens.length));
  const bos_token_id = named('bos_token') ?? generated('bos_token_id')[0] ?? null;
  const eos_token_id = named('eos_token') ?? generated('eos_token_id')[0] ?? null;

  const ends = endTokenIds(tokens);
  const stops = new Set([eos_token_id, ...generated('eos_token_id'), ...ends]);
  const added = (name: string, at: number, id: number | null) =>
    from('tokenizer_config', (json) => json.optional(name)?.boolean()) ??
    from('tokenizer', (json) => id !== null && templateToken(json, at) === tokens[id]);
  const templates = from('tokenizer_config', (json) =>
    readTemplates(json.optional('chat_template')),
  );
  return {
    model: is,
    ...words,
    ...vocabulary,
    tokens,
    token_types: vocabulary.token_types.map((type, id) =>
      ends.includes(id) ? TOKEN_TYPE.control : type,
    ),
    bos_token_id,
    eos_token_id,
    add_bos_token: bos_token_id !== null && added('add_bos_token', 0, bos_token_id),
    add_eos_token: eos_token_id !== null && added('add_eos_token', -1, eos_token_id),
    stop_token_ids: [...stops].filter((id) => id !== null).toSorted((a, b) => a - b),
    chat_template: chat_template ?? templates.get('default') ?? null,
    tool_use_template: templates.get('tool_use') ?? null,
  };
}

/** Files of before 2021 leave the type out. */
function modelType(model: JsonValue): string {
  const type = model.optional('type');
  return type ? type.string() : Array.isArray(model.get('vocab').unchecked()) ? 'Unigram' : 'BPE';
}

/** How a text is cut into words, and how tokens become a text again. */
function readWords(
  json: JsonValue,
): Pick<TokenizerData, 'alphabet' | 'normalizer' | 'pre_tokenizer' | 'add_space_prefix'> {
  const normalizerJson = json.optional('normalizer');
  const normalizer = normalizerJson && readNormalizer(normalizerJson);
  const preTokenizerJson = json.optional('pre_tokenizer');
  // Gemma cuts at spaces that its normalizer has left none of.
  const idle = preTokenizerJson && replacesSpaces(normalizer) && splitsAtSpaces(preTokenizerJson);
  const pre_tokenizer = preTokenizerJson && !idle ? readPreTokenizer(preTokenizerJson) : null;

  const decoders = decoderParts(json.get('decoder'));
  const types = [...decoders, ...within(pre_tokenizer).map((part) => JsonValue.of(part))].map(
    (part) => part.get('type').string(),
  );
  const alphabet = types.includes('ByteLevel') ? 'byte_level' : 'metaspace';
  if (alphabet === 'metaspace' && !types.includes('Metaspace') && !replacesSpaces(normalizer)) {
    json.get('decoder').fail('tells of no way in which tokens write spaces');
  }
  const add_space_prefix = alphabet === 'metaspace' && decoders.some(stripsSpace);
  return { alphabet, normalizer, pre_tokenizer, add_space_prefix };
}

function replacesSpaces(normalizer: Component | null): boolean {
  return within(normalizer).some(
    ({ type, pattern, content }) =>
      type === 'Replace' && (pattern as { String?: string }).String === ' ' && content === '▁',
  );
}

function splitsAtSpaces(json: JsonValue): boolean {
  if (json.get('type').string() !== 'Split') return false;
  return json.get('pattern').optional('String')?.string() === ' ';
}

const DECODERS = ['ByteLevel', 'Metaspace', 'Replace', 'ByteFallback', 'Fuse', 'Strip'];

function decoderParts(json: JsonValue): JsonValue[] {
  if (json.unchecked() === null) return [];
  const sequence = json.get('type').unchecked() === 'Sequence';
  const parts = sequence ? json.get('decoders').array((part) => part) : [json];
  for (const part of parts) part.get('type').oneOf(DECODERS);
  return parts;
}

/** Whether decoding takes a space from the beginning of a text. */
function stripsSpace(decoder: JsonValue): boolean {
  if (decoder.get('type').string() === 'Strip') {
    return decoder.get('content').string() === ' ' && decoder.get('start').integer(0, 99) > 0;
  }
  if (decoder.get('type').string() !== 'Metaspace') return false;
  const scheme = decoder.optional('prepend_scheme')?.string();
  return scheme ? scheme !== 'never' : decoder.optional('add_prefix_space')?.boolean() !== false;
}

/** A token in tokenizer_config.json: its text, or an object around it. */
function tokenText(json: JsonValue | null): string | null {
  if (!json) return null;
  return (typeof json.unchecked() === 'string' ? json : json.get('content')).string();
}

/** One id or several. */
function tokenIds(json: JsonValue | null, count: number): number[] {
  if (!json) return [];
  const id = (value: JsonValue) => value.integer(0, count - 1);
  return Array.isArray(json.unchecked()) ? json.array(id) : [id(json)];
}

/** The special token at the beginning (0) or the end (-1) that tokenizer.json's template puts around a text. */
function templateToken(json: JsonValue, at: number): string | null {
  const post = json.optional('post_processor');
  const processors = post?.optional('processors')?.array((part) => part) ?? (post ? [post] : []);
  const template = processors.find((part) => part.get('type').string() === 'TemplateProcessing');
  const item = template
    ?.get('single')
    .array((part) => part)
    .at(at);
  return item?.optional('SpecialToken')?.get('id').string() ?? null;
}

/** By name: one template is the default, and a list names them. */
function readTemplates(json: JsonValue | null): Map<string, string> {
  if (!json) return new Map();
  if (typeof json.unchecked() === 'string') return new Map([['default', json.string()]]);
  return new Map(
    json.array((item) => [item.get('name').string(), item.get('template').string()] as const),
  );
}
