import { describe, expect, test } from 'vitest';
import {
  InvalidMetadataError,
  MissingMetadataError,
  UnknownPreTokenizerError,
  UnsupportedTokenizerError,
} from '../../../src/model/errors.ts';
import { readTokenizer } from '../../../src/model/gguf_tokenizer.ts';
import { byteLevelComponent, findPreTokenizer } from '../../../src/model/pre_tokenizers.ts';
import { TOKEN_TYPE } from '../../../src/model/tokenizer_data.ts';
import { checkpointOf, type Metadata, smollm2Metadata } from './fixtures.ts';

const SMALL = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': ['a', 'b', 'ab', '<s>', '</s>'],
  'tokenizer.ggml.token_type': [1, 1, 1, 3, 3],
  'tokenizer.ggml.merges': ['a b'],
  'tokenizer.ggml.eos_token_id': 4,
} satisfies Metadata;

const read = (changes: Metadata = {}, vocab_size = 5) =>
  readTokenizer(checkpointOf({ ...SMALL, ...changes }), vocab_size);

test('the tokenizer of SmolLM2 is what its file says', async () => {
  const metadata = await smollm2Metadata();
  expect(readTokenizer(checkpointOf(metadata), 49152)).toEqual({
    model: 'BPE',
    alphabet: 'byte_level',
    normalizer: null,
    pre_tokenizer: byteLevelComponent(findPreTokenizer('smollm')),
    tokens: metadata['tokenizer.ggml.tokens'],
    token_types: metadata['tokenizer.ggml.token_type'],
    lstrip_token_ids: [],
    rstrip_token_ids: [],
    merges: metadata['tokenizer.ggml.merges'],
    scores: [],
    ignore_merges: false,
    byte_fallback: false,
    bos_token_id: 1,
    eos_token_id: 2,
    unknown_token_id: 0,
    add_bos_token: false,
    add_eos_token: false,
    add_space_prefix: false,
    stop_token_ids: [0, 2],
    chat_template: metadata['tokenizer.chat_template'],
    tool_use_template: null,
  });
});

describe('what a file leaves out', () => {
  test('is null or off', () => {
    expect(read()).toMatchObject({
      bos_token_id: null,
      eos_token_id: 4,
      unknown_token_id: null,
      add_bos_token: false,
      add_space_prefix: false,
      chat_template: null,
    });
  });

  test('BOS follows the pre-tokenizer, and the file has the last word', () => {
    expect(read({ 'tokenizer.ggml.pre': 'llama-bpe' }).add_bos_token).toBe(true);
    const off = { 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.add_bos_token': false };
    expect(read(off).add_bos_token).toBe(false);
  });

  test('there may be fewer tokens than rows of the embedding', () => {
    expect(read({}, 64).tokens.length).toBe(5);
  });

  test.each(['model', 'pre', 'tokens', 'token_type', 'merges'])('but not "%s"', (name) => {
    const { [`tokenizer.ggml.${name}`]: _, ...rest } = SMALL as Metadata;
    expect(() => readTokenizer(checkpointOf(rest), 5)).toThrow(MissingMetadataError);
    expect(() => readTokenizer(checkpointOf(rest), 5)).toThrow(`"tokenizer.ggml.${name}"`);
  });
});

describe('an answer ends', () => {
  test('at the ends of sequence, turn and message', () => {
    const ends = { 'tokenizer.ggml.eot_token_id': 3, 'tokenizer.ggml.eom_token_id': 1 };
    expect(read(ends).stop_token_ids).toEqual([1, 3, 4]);
  });

  test('at each of several ends of sequence', () => {
    expect(read({ 'tokenizer.ggml.eos_token_ids': [0, 4] }).stop_token_ids).toEqual([0, 4]);
  });

  test('at tokens known by their text, which become control tokens', () => {
    const tokens = ['a', '<|im_end|>', '<|eot_id|>', '<|endoftext|>', '</s>'];
    const { stop_token_ids, token_types } = read({
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': [1, 1, 4, 3, 3],
    });
    expect(stop_token_ids).toEqual([1, 2, 3, 4]);
    expect(token_types.slice(1)).toEqual([3, 3, 3, 3].map(() => TOKEN_TYPE.control));
  });

  test('nowhere when the file names no end', () => {
    const { 'tokenizer.ggml.eos_token_id': _, ...rest } = SMALL;
    expect(readTokenizer(checkpointOf(rest), 5).stop_token_ids).toEqual([]);
  });
});

test.each(['bert', 'rwkv', '__proto__', ''])('a tokenizer "%s" is refused by name', (model) => {
  const broken = () => read({ 'tokenizer.ggml.model': model });
  expect(broken).toThrow(UnsupportedTokenizerError);
  expect(broken).toThrow(JSON.stringify(model));
});

test('an unknown pre-tokenizer is refused by name', () => {
  const broken = () => read({ 'tokenizer.ggml.pre': 'kimi-k2' });
  expect(broken).toThrow(UnknownPreTokenizerError);
  expect(broken).toThrow('"kimi-k2"');
});

test.each<[string, unknown, string]>([
  ['tokens', [], 'holds 0 tokens'],
  ['tokens', ['a', 'b', 'c', 'd', 'e', 'f'], 'holds 6 tokens for an embedding with 5 rows'],
  ['tokens', ['a', 'b', 'c', 'd', 5], 'holds 5 at index 4'],
  ['tokens', ['a', 'b', 'c', 'a', 'd'], 'holds "a" twice, again at index 3'],
  ['token_type', [1, 1, 1, 1], 'holds 4 types for 5 tokens'],
  ['token_type', [1, 1, 1, 1, 7], 'is 7'],
  ['merges', ['a b', 'ab'], 'at index 1'],
  ['merges', ['a b', 'a b c'], 'at index 1'],
  ['merges', ['a b', ' b'], 'at index 1'],
  ['merges', 'a b', 'not an array'],
  ['bos_token_id', 5, 'is 5'],
  ['eos_token_id', -1, 'is -1'],
  ['eos_token_ids', [4, 5], 'is 5'],
  ['eos_token_ids', 4, 'not an array'],
  ['eot_token_id', 2n ** 63n, 'is 9223372036854775808'],
  ['unknown_token_id', '0', 'is "0"'],
  ['add_bos_token', 1, 'not true or false'],
])('a broken %s (%#) is refused by name', (name, value, reason) => {
  const broken = () => read({ [`tokenizer.ggml.${name}`]: value } as Metadata);
  expect(broken).toThrow(InvalidMetadataError);
  expect(broken).toThrow(reason);
  expect(broken).toThrow(`"tokenizer.ggml.${name}"`);
});

describe('a SentencePiece tokenizer', () => {
  const scores = [0, -1, -2, 0, 0];
  const spm = { 'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.scores': scores };

  test('needs no merges and no name of a pre-tokenizer', () => {
    const { 'tokenizer.ggml.merges': _, 'tokenizer.ggml.pre': __, ...rest } = { ...SMALL, ...spm };
    const data = readTokenizer(checkpointOf(rest), 5);
    expect(data).toMatchObject({ merges: ['a b'], byte_fallback: true, add_space_prefix: true });
  });

  test.each<[unknown, string]>([
    [[0, 1], 'holds 2 scores for 5 tokens'],
    [[0, 1, 2, 3, Number.NaN], 'holds NaN at index 4'],
    [[0, 1, 2, 3, '4'], 'holds "4" at index 4'],
    ['x', 'not an array'],
  ])('with the scores %j is refused', (value, reason) => {
    const broken = () => read({ ...spm, 'tokenizer.ggml.scores': value } as Metadata);
    expect(broken).toThrow(InvalidMetadataError);
    expect(broken).toThrow(reason);
  });

  test('has no merge of a token as long as a book', () => {
    const started = performance.now();
    const tokens = ['a', 'aa', 'a'.repeat(2_000_000), '<s>', '</s>'];
    expect(read({ ...spm, 'tokenizer.ggml.tokens': tokens }).merges).toEqual(['a a']);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

test('a Unigram tokenizer without an unknown token is refused', () => {
  const broken = () =>
    readTokenizer(
      checkpointOf({
        'tokenizer.ggml.model': 't5',
        'tokenizer.ggml.tokens': ['a'],
        'tokenizer.ggml.token_type': [1],
        'tokenizer.ggml.scores': [0],
      }),
      5,
    );
  expect(broken).toThrow(InvalidMetadataError);
  expect(broken).toThrow('"tokenizer.ggml.unknown_token_id" is missing');
});

test('where `<|return|>` ends an answer, `<|end|>` ends only a message', () => {
  const harmony = { 'tokenizer.ggml.tokens': ['a', '<|end|>', '<|call|>', '<|return|>', '</s>'] };
  expect(read(harmony).stop_token_ids).toEqual([2, 3, 4]);
});

test('the template for tools is that of its name', () => {
  const named = { 'tokenizer.chat_template': '', 'tokenizer.chat_template.tool_use': 'T' };
  expect(read(named)).toMatchObject({ chat_template: null, tool_use_template: 'T' });
});
