import { describe, expect, test } from 'vitest';
import { TokenizerInvalidError, UnsupportedTokenizerError } from '../../../src/model/errors.ts';
import { readTokenizer } from '../../../src/model/gguf_tokenizer.ts';
import { createTokenizer } from '../../../src/model/tokenizer.ts';
import { TOKEN_TYPE, type TokenizerData } from '../../../src/model/tokenizer_data.ts';
import { readTokenizerJson, type TokenizerDocuments } from '../../../src/model/tokenizer_json.ts';
import { checkpointOf, goldenJson, smollm2 } from './fixtures.ts';

type Fields = Record<string, unknown>;

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
const REPLACE = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
const TO_SPACE = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
const FALLBACK = [TO_SPACE, { type: 'ByteFallback' }, { type: 'Fuse' }];

/** A tokenizer of a GGUF file as tokenizer.json has it. */
function documentOf(data: TokenizerData, parts: Fields, model: Fields = {}): Fields {
  const { tokens, token_types, merges, byte_fallback } = data;
  const { control, unknown, user_defined } = TOKEN_TYPE;
  const added = tokens.flatMap((content, id) => {
    const type = token_types[id]!;
    const special = type === control || type === unknown;
    return special || type === user_defined ? [{ id, content, special, normalized: false }] : [];
  });
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    post_processor: null,
    ...parts,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      ...model,
    },
  };
}

const read = (tokenizer: unknown, more: Partial<TokenizerDocuments> = {}, rows = 65_536) =>
  readTokenizerJson({ source: 'model', tokenizer, ...more }, rows);

describe('the tokenizer.json of SmolLM2', async () => {
  const gguf = await smollm2();
  const digits = { type: 'Digits', individual_digits: true };
  const json = documentOf(gguf, {
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [digits, { ...BYTE_LEVEL, use_regex: true }],
    },
    decoder: { ...BYTE_LEVEL, add_prefix_space: true },
  });
  const data = read(json, {
    tokenizer_config: { bos_token: '<|im_start|>', eos_token: '<|im_end|>' },
    generation_config: { eos_token_id: [2] },
  });
  const tokenizer = createTokenizer(data);

  test('gives the ids and the text of every golden string', async () => {
    const { strings } = await goldenJson('reference/smollm2-135m-instruct-q4_1/tokenizer.json');
    expect(strings.length).toBe(292);
    for (const { text, ids_special, ids_plain, decoded_plain } of strings) {
      expect(tokenizer.encode(text, { special: true })).toEqual(ids_special);
      expect(tokenizer.encode(text, { special: false })).toEqual(ids_plain);
      expect(tokenizer.decode(ids_plain)).toBe(decoded_plain);
    }
  });

  test('is what the GGUF file says, but for the way in which words are cut', () => {
    const { pre_tokenizer, chat_template, unknown_token_id, token_types, ...rest } = gguf;
    expect(data).toMatchObject(rest);
  });
});

describe.each(['gemma3', 'qwen2'])('the golden tokenizer %s', async (name) => {
  const golden = await goldenJson(`tokenizers/${name}.json`);
  const gguf = readTokenizer(checkpointOf(golden.metadata), 512);
  const parts = {
    gemma3: {
      normalizer: REPLACE,
      // What Gemma's file says, though no space is left by then.
      pre_tokenizer: {
        type: 'Split',
        pattern: { String: ' ' },
        behavior: 'MergedWithPrevious',
        invert: false,
      },
      decoder: { type: 'Sequence', decoders: FALLBACK },
    },
    qwen2: { normalizer: { type: 'NFC' }, pre_tokenizer: gguf.pre_tokenizer, decoder: BYTE_LEVEL },
  }[name]!;

  test.each([
    ['GGUF', gguf],
    ['tokenizer.json', read(documentOf(gguf, parts), {}, 512)],
  ])('from %s gives the ids of every string, of the prompt and of the chat', (origin, data) => {
    const tokenizer = createTokenizer(data);
    for (const { text, ids, decoded } of golden.encode_without_special) {
      expect(tokenizer.encode(text, { special: false })).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    const { prompt, chat } = golden;
    expect(tokenizer.encode(chat.text, { special: true })).toEqual(chat.ids);
    if (origin === 'GGUF') {
      expect(tokenizer.withBos(tokenizer.encode(prompt.text, { special: true }))).toEqual(
        prompt.ids,
      );
    }
  });
});

/** `▁`, `a`, `b`, `▁a`; control tokens at 0 to 2. */
const LLAMA = {
  added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true })),
  normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, REPLACE] },
  pre_tokenizer: null,
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  },
  decoder: {
    type: 'Sequence',
    decoders: [...FALLBACK, { type: 'Strip', content: ' ', start: 1, stop: 0 }],
  },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    byte_fallback: true,
    vocab: { '<unk>': 0, '<s>': 1, '</s>': 2, '▁': 3, a: 4, b: 5, '▁a': 6, '<0x0A>': 7 },
    merges: ['▁ a'],
  },
};
const CONFIG = { bos_token: { content: '<s>' }, eos_token: '</s>' };

describe('the tokenizer.json of Llama 2', () => {
  const data = read(LLAMA, { tokenizer_config: CONFIG });
  const tokenizer = createTokenizer(data);
  const plain = (text: string) => tokenizer.encode(text, { special: false });

  test('puts a space before a text, and falls back to bytes', () => {
    expect(plain('a b')).toEqual([6, 3, 5]);
    expect(plain('a\né')).toEqual([6, 7, 0]);
    expect(tokenizer.decode([1, 6, 3, 5, 7, 2])).toBe('a b\n');
  });

  test('has BOS where its template puts it, unless tokenizer_config.json has another word', () => {
    expect(data).toMatchObject({ add_bos_token: true, add_eos_token: false, bos_token_id: 1 });
    const tokenizer_config = { ...CONFIG, add_bos_token: false, add_eos_token: true };
    expect(read(LLAMA, { tokenizer_config })).toMatchObject({
      add_bos_token: false,
      add_eos_token: true,
    });
  });

  test('puts the space at the beginning only where Metaspace says "first"', () => {
    const pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' };
    const first = createTokenizer(read({ ...LLAMA, normalizer: null, pre_tokenizer }));
    expect(first.encode('a</s>a', { special: true })).toEqual([6, 2, 4]);
    expect(tokenizer.encode('a</s>a', { special: true })).toEqual([6, 2, 6]);
  });

  test('puts none where an old Metaspace says so', () => {
    const pre_tokenizer = { type: 'Metaspace', replacement: '▁', add_prefix_space: false };
    const none = createTokenizer(read({ ...LLAMA, normalizer: null, pre_tokenizer }));
    expect(none.encode('a a', { special: true })).toEqual([4, 6]);
  });

  test('ends at every token that generation_config.json lists', () => {
    const generation_config = { bos_token_id: 1, eos_token_id: [2, 5] };
    expect(read(LLAMA, { generation_config })).toMatchObject({
      bos_token_id: 1,
      eos_token_id: 2,
      stop_token_ids: [2, 5],
    });
  });

  test('takes merges as pairs', () => {
    const model = { ...LLAMA.model, merges: [['▁', 'a']] };
    expect(read({ ...LLAMA, model }).merges).toEqual(['▁ a']);
  });

  test('strips whitespace around added tokens that say so', () => {
    const added_tokens = [
      ...LLAMA.added_tokens,
      { id: 9, content: '<e>', special: true, rstrip: true },
    ];
    const stripped = createTokenizer(read({ ...LLAMA, added_tokens }));
    expect(stripped.encode('<e> \na', { special: true })).toEqual([9, 6]);
    expect(read({ ...LLAMA, added_tokens }).token_types[8]).toBe(TOKEN_TYPE.unused);
  });

  test('leaves out added tokens that the embedding has no row for', () => {
    const added_tokens = [...LLAMA.added_tokens, { id: 8, content: '<image>', special: true }];
    expect(read({ ...LLAMA, added_tokens }, {}, 8).tokens.length).toBe(8);
  });
});

describe('the chat template', () => {
  const templates = (tokenizer_config: Fields, chat_template?: string) => {
    const data = read(LLAMA, { tokenizer_config, chat_template });
    return [data.chat_template, data.tool_use_template];
  };
  const named = ['default', 'tool_use', 'rag'].map((name) => ({ name, template: name[0] }));

  test('is a string, one of a list, a file of its own, or none', () => {
    expect(templates({ chat_template: 'a' })).toEqual(['a', null]);
    expect(templates({ chat_template: named })).toEqual(['d', 't']);
    expect(templates({ chat_template: 'a' }, 'file')).toEqual(['file', null]);
    expect(templates({})).toEqual([null, null]);
  });
});

describe('a Unigram model', () => {
  const model = {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['▁', -1],
      ['a', -2],
      ['▁a', -2.5],
    ],
  };
  const pre_tokenizer = { type: 'Metaspace', replacement: '▁', add_prefix_space: true };
  const decoder = pre_tokenizer;
  const json = { ...LLAMA, added_tokens: [], normalizer: null, pre_tokenizer, decoder, model };

  test('is read, with or without its type', () => {
    const tokenizer = createTokenizer(read(json));
    expect(tokenizer.encode('a a', { special: false })).toEqual([3, 3]);
    expect(tokenizer.decode([3, 3])).toBe('a a');
    expect(read({ ...json, model: { ...model, type: undefined } }).model).toBe('Unigram');
  });

  test('that falls back to bytes is refused', () => {
    const broken = { ...json, model: { ...model, byte_fallback: true } };
    expect(() => read(broken)).toThrow(TokenizerInvalidError);
  });
});

test.each([
  ['gpt2 and opt', { ...BYTE_LEVEL, use_regex: true }, ['a', 'Ġ1', 'b', '!']],
  [
    'bloom',
    {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: ' ?[^(\\s|[.,!?…。，、।۔،])]+' },
          behavior: 'Isolated',
          invert: false,
        },
        { ...BYTE_LEVEL, use_regex: false },
      ],
    },
    ['a', 'Ġ1b', '!'],
  ],
])('the pre-tokenizer of %s cuts as it must', (_, pre_tokenizer, expected) => {
  const tokens = ['a', 'Ġ', '1', 'b', '!', 'Ġ1', 'Ġ1b', 'b!'];
  const model = {
    type: 'BPE',
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: ['Ġ 1', 'Ġ1 b', 'b !'],
  };
  const data = read({
    ...LLAMA,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer,
    decoder: BYTE_LEVEL,
    model,
  });
  const ids = createTokenizer(data).encode('a 1b!', { special: false });
  const cut = ids.map((id) => tokens[id]);
  expect(cut).toEqual(expected);
});

test('a model of words is refused by name', () => {
  const broken = () => read({ ...LLAMA, model: { ...LLAMA.model, type: 'WordPiece' } });
  expect(broken).toThrow(UnsupportedTokenizerError);
  expect(broken).toThrow('"WordPiece"');
});

const model = (changes: Fields) => ({ model: { ...LLAMA.model, ...changes } });
const deep = (depth: number): Fields =>
  depth === 0 ? REPLACE : { type: 'Sequence', normalizers: [deep(depth - 1)] };

test.each<[string, string, Fields]>([
  ['model', 'is not an object', { model: undefined }],
  ['model.vocab', 'is not an object', model({ vocab: [] })],
  ['model.vocab', 'is empty', model({ vocab: {} })],
  ['model.vocab.b', 'the id of another token too', model({ vocab: { a: 0, b: 0 } })],
  ['model.vocab.a', 'not a whole number', model({ vocab: { a: 1e9 } })],
  ['model.vocab.a', 'not a whole number', model({ vocab: { a: '0' } })],
  ['model.merges', 'is not an array', model({ merges: 'a b' })],
  ['model.merges[0]', 'is not a pair', model({ merges: ['ab'] })],
  ['model.merges[0]', 'is not a pair', model({ merges: [['a b', 'c']] })],
  ['model.merges[0][1]', 'is not a string', model({ merges: [['a', 1]] })],
  ['model.end_of_word_suffix', 'is not empty', model({ end_of_word_suffix: '</w>' })],
  ['added_tokens[0].id', 'another token', { added_tokens: [{ id: 4, content: '<x>' }] }],
  ['added_tokens[0].content', 'is empty', { added_tokens: [{ id: 9, content: '' }] }],
  ['normalizer.type', 'is "Lua", not Sequence or Replace', { normalizer: { type: 'Lua' } }],
  ['normalizer', 'is nested too deep', { normalizer: deep(9) }],
  ['normalizer.pattern', 'is missing', { normalizer: { type: 'Replace' } }],
  ['pre_tokenizer.pattern', 'neither', { pre_tokenizer: { type: 'Split', pattern: {} } }],
  [
    'pre_tokenizer',
    'cannot be used',
    { pre_tokenizer: { type: 'Split', pattern: { Regex: '(' } } },
  ],
  ['decoder.type', 'is "WordPiece"', { decoder: { type: 'WordPiece' } }],
  ['decoder', 'no way in which tokens write spaces', { normalizer: null, decoder: null }],
])('a broken %s (%s) is refused with its place', (field, reason, changes) => {
  const broken = () => read({ ...LLAMA, ...changes });
  expect(broken).toThrow(TokenizerInvalidError);
  expect(broken).toThrow(/tokenizer\.json cannot be used/);
  expect(broken).toThrow(field);
  expect(broken).toThrow(reason);
});

test.each<[keyof TokenizerDocuments, unknown, string]>([
  ['tokenizer', [], 'it is not an object'],
  ['tokenizer_config', { bos_token: 1 }, 'bos_token is not an object'],
  ['tokenizer_config', { chat_template: [{ name: 'a' }] }, 'template is missing'],
  [
    'tokenizer_config',
    { bos_token: '<s>', add_bos_token: 1 },
    'add_bos_token is not true or false',
  ],
  ['generation_config', { eos_token_id: [8] }, 'eos_token_id[0] is 8'],
  ['generation_config', { eos_token_id: 'x' }, 'eos_token_id is "x"'],
])('a broken %s (%j) is refused with its name', (document, value, reason) => {
  const broken = () => read(LLAMA, { tokenizer_config: CONFIG, [document]: value });
  expect(broken).toThrow(TokenizerInvalidError);
  expect(broken).toThrow(`${document}.json`);
  expect(broken).toThrow(reason);
});

test('merges that go round in circles, and many of them, end soon', () => {
  const merges = ['a b', 'b a', 'ab ab', 'ba ba', 'abab abab'];
  const vocab = { a: 0, b: 1, ab: 2, ba: 3, abab: 4, baba: 5, abababab: 6 };
  const many = Array.from({ length: 200_000 }, (_, i) => merges[i % merges.length]!);
  const started = performance.now();
  const data = read({
    ...LLAMA,
    added_tokens: [],
    ...model({ vocab, merges: many, unk_token: null }),
  });
  const ids = createTokenizer(data).encode('ab'.repeat(20_000), { special: false });
  expect(ids.length).toBeLessThan(40_000);
  expect(performance.now() - started).toBeLessThan(10_000);
});
