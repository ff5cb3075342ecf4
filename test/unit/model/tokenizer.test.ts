import { describe, expect, test } from 'vitest';
import { UnknownPreTokenizerError } from '../../../src/model/errors.ts';
import { planPack } from '../../../src/model/plan_pack.ts';
import { byteLevelComponent, findPreTokenizer } from '../../../src/model/pre_tokenizers.ts';
import { createTextStream, createTokenizer } from '../../../src/model/tokenizer.ts';
import { TOKEN_TYPE, type TokenizerData, tokenizerOf } from '../../../src/model/tokenizer_data.ts';
import { goldenCheckpoint, goldenJson, smollm2 } from './fixtures.ts';

interface GoldenString {
  group: string;
  text: string;
  ids_special: number[];
  ids_plain: number[];
  decoded_plain: string;
}

interface GoldenSample {
  text: string;
  ids: number[];
  decoded: string;
}

const REFERENCE = 'reference/smollm2-135m-instruct-q4_1';
const { strings, byte_values_without_a_token } = await goldenJson(`${REFERENCE}/tokenizer.json`);
const SMOLLM2 = await smollm2();
const tokenizer = createTokenizer(SMOLLM2);
const plain = (text: string): number[] => tokenizer.encode(text, { special: false });
const special = (text: string): number[] => tokenizer.encode(text, { special: true });

describe('the tokenizer of SmolLM2', () => {
  test('has 292 golden strings', () => {
    expect(strings.length).toBe(292);
  });

  test.each<GoldenString>(strings)(
    'gives the ids of golden string $# ($group), and its text',
    ({ text, ids_special, ids_plain, decoded_plain }) => {
      expect(special(text)).toEqual(ids_special);
      expect(plain(text)).toEqual(ids_plain);
      expect(tokenizer.decode(ids_plain)).toBe(decoded_plain);
    },
  );

  test('has a token for every byte but those that the reference names', () => {
    const bytes = new Set<number>();
    for (const id of SMOLLM2.tokens.keys()) {
      const [byte, ...others] = tokenizer.bytes(id);
      if (byte !== undefined && others.length === 0) bytes.add(byte);
    }
    const missing = Array.from({ length: 256 }, (_, byte) => byte).filter((b) => !bytes.has(b));
    expect(missing).toEqual(byte_values_without_a_token);
  });

  test('gives control tokens no text', () => {
    expect(tokenizer.decode([1, 9690, 2, 0])).toBe('system');
  });

  test('gives ids beyond the vocabulary no text', () => {
    expect(tokenizer.decode([28120, 49152, 905])).toBe('hello world');
  });

  test('takes the names of control tokens for plain text where they are not special', () => {
    const ids = plain('<|im_end|>');
    expect(ids).not.toContain(2);
    expect(tokenizer.decode(ids)).toBe('<|im_end|>');
    expect(special('<|im_end|>')).toEqual([2]);
  });

  test('wants no BOS before a prompt', () => {
    expect(tokenizer.withBos([28120])).toEqual([28120]);
  });
});

describe.each(['llama-mixed', 'llama-q4_1', 'qwen3-f16', 'phi3-f16'])(
  'the tokenizer of %s',
  async (name) => {
    const data = tokenizerOf(planPack(await goldenCheckpoint(`gguf/${name}.gguf`)));
    const {
      tokenizer: golden,
      prompt_text,
      input_ids,
    } = await goldenJson(`gguf/${name}.expected.json`);
    const tokenizer = createTokenizer(data);

    test.each<GoldenSample>(golden.encode_without_special)(
      'encodes and decodes $text',
      (sample) => {
        expect(tokenizer.encode(sample.text, { special: false })).toEqual(sample.ids);
        expect(tokenizer.decode(sample.ids)).toBe(sample.decoded);
      },
    );

    test('puts BOS before a prompt, once', () => {
      const ids = tokenizer.encode(prompt_text, { special: true });
      const prompt = tokenizer.withBos(ids);
      expect(prompt).toEqual(input_ids[0]);
      expect(tokenizer.withBos(prompt)).toEqual(prompt);
    });
  },
);

describe('a text stream', () => {
  const text = 'Grüße, 世界 🌍👩‍👩‍👧 \ufeff\u0301 e\u0301!';
  const ids = plain(text);

  test('never gives half a character', () => {
    const stream = createTextStream(tokenizer);
    const pieces = ids.map((id) => stream.push(id));
    for (const piece of pieces) expect(piece).not.toMatch(/\ufffd|\p{Surrogate}/u);
    expect(pieces.filter((piece) => piece === '').length).toBeGreaterThan(3);
    expect(pieces.join('') + stream.end()).toBe(text);
  });

  test('gives a character as soon as its last byte is there', () => {
    const stream = createTextStream(tokenizer);
    const earth = plain('🌍');
    expect(earth.length).toBeGreaterThan(1);
    expect(earth.map((id) => stream.push(id)).at(-1)).toBe('🌍');
    expect(stream.end()).toBe('');
  });

  test('ends a character that is never completed with U+FFFD', () => {
    const stream = createTextStream(tokenizer);
    expect(
      plain('🌍')
        .slice(0, -1)
        .map((id) => stream.push(id))
        .join(''),
    ).toBe('');
    expect(stream.end()).toBe('\ufffd');
  });

  test('goes on over a control token', () => {
    const stream = createTextStream(tokenizer);
    const [first, ...rest] = plain('🌍');
    const pieces = [first!, 1, ...rest].map((id) => stream.push(id));
    expect(pieces.join('')).toBe('🌍');
  });
});

/** Bytes that are themselves in byte-level BPE's alphabet, then what `merges` make of them. */
function small(pre_tokenizer: string, merges: string[], more: Partial<TokenizerData> = {}) {
  const found = findPreTokenizer(pre_tokenizer);
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const tokens = [...printable, 'Ġ', 'Ċ', ...merges.map((merge) => merge.replace(' ', ''))];
  const data: TokenizerData = {
    ...SMOLLM2,
    pre_tokenizer: byteLevelComponent(found),
    ignore_merges: found.ignore_merges ?? false,
    tokens,
    token_types: tokens.map(() => TOKEN_TYPE.normal),
    merges,
    ...more,
  };
  const encoder = createTokenizer(data);
  return (text: string) =>
    encoder.encode(text, { special: false }).map((id) => data.tokens[id]!.replace('Ġ', ' '));
}

describe('words are cut before merging as the pre-tokenizer demands', () => {
  const merges = ['1 2', '12 3', '123 4', "' L", "'L L", '( b'];

  test.each([
    ['smollm', ['1', '2', '3', '4'], ["'", 'L', 'L'], ['(', 'b']],
    ['gpt-2', ['1234'], ["'", 'L', 'L'], ['(', 'b']],
    ['default', ['123', '4'], ["'", 'L', 'L'], ['(', 'b']],
    ['llama-bpe', ['123', '4'], ["'LL"], ['(b']],
    ['qwen2', ['1', '2', '3', '4'], ["'LL"], ['(b']],
  ])('%s', (name, digits, contraction, bracket) => {
    const cut = small(name, merges);
    expect(cut('1234')).toEqual(digits);
    expect(cut("I'LL")).toEqual(['I', ...contraction]);
    expect(cut('(b')).toEqual(bracket);
  });

  test('an unknown one is refused by name', () => {
    expect(() => findPreTokenizer('kimi-k2')).toThrow(UnknownPreTokenizerError);
    expect(() => findPreTokenizer('kimi-k2')).toThrow(/"kimi-k2".* knows default, gpt-2/);
  });

  test('a whole word that is a token needs no merging where the pre-tokenizer says so', () => {
    const more = (name: string) => {
      const tokens = ['a', 'b', 'c', 'abc'];
      return small(name, [], { tokens, token_types: tokens.map(() => TOKEN_TYPE.normal) });
    };
    expect(more('llama-bpe')('abc')).toEqual(['abc']);
    expect(more('smaug-bpe')('abc')).toEqual(['a', 'b', 'c']);
  });
});

describe('a token of its own kind', () => {
  const { normal, control, user_defined, unused } = TOKEN_TYPE;
  const tokens = ['a', '<t>', 'xyz', 'é', '<u>', 'x', 'y', 'z', 'xy', '\u{1f30d}'];
  const token_types = tokens.map((): number => normal);
  token_types.splice(1, 4, user_defined, control, user_defined, unused);
  const merges = ['x y', 'xy z'];
  const odd = createTokenizer({ ...SMOLLM2, unknown_token_id: null, tokens, token_types, merges });

  test('is found in plain text when a user defined it', () => {
    expect(odd.encode('a<t>xé', { special: false })).toEqual([0, 1, 5, 3]);
    expect(odd.decode([0, 1, 3])).toBe('a<t>é');
  });

  test('is never made by merging when it controls', () => {
    expect(odd.encode('xyz', { special: false })).toEqual([8, 7]);
    expect(odd.encode('axyz', { special: true })).toEqual([0, 2]);
  });

  test('has no text when it is unused, and its own when it is outside of the byte alphabet', () => {
    expect(odd.decode([4, 0, 9])).toBe('a\u{1f30d}');
  });
});
