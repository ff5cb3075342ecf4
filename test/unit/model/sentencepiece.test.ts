import { describe, expect, test } from 'vitest';
import { readTokenizer } from '../../../src/model/gguf_tokenizer.ts';
import { createTextStream, createTokenizer } from '../../../src/model/tokenizer.ts';
import { TOKEN_TYPE } from '../../../src/model/tokenizer_data.ts';
import { checkpointOf, type Metadata } from './fixtures.ts';

const { normal, unknown, control, user_defined, byte } = TOKEN_TYPE;
const BYTES = Array.from(
  { length: 256 },
  (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`,
);
const LETTERS = ['▁', 'a', 'b', 'c', 'd'];
const SPECIAL = ['<unk>', '<s>', '</s>', '<user>', '\n\n'];

/** Numbers from 0 to 1, the same at every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Pieces joined at random from shorter ones, each with a score of its own. */
function pieces(count: number): string[] {
  const random = generator(7);
  const found = new Set(LETTERS);
  const pick = () => [...found][Math.floor(random() * found.size)]!;
  while (found.size < count) {
    const joined = pick() + pick();
    if (joined.length <= 6) found.add(joined);
  }
  return [...found].sort(() => random() - 0.5);
}

function metadataOf(model: string, words: readonly string[], more: Metadata = {}): Metadata {
  const tokens = [...SPECIAL, ...BYTES, ...words];
  const types = [unknown, control, control, control, user_defined, ...BYTES.map(() => byte)];
  return {
    'tokenizer.ggml.model': model,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': [...types, ...words.map(() => normal)],
    'tokenizer.ggml.scores': [...SPECIAL, ...BYTES].map(() => 0).concat(words.map((_, i) => -i)),
    'tokenizer.ggml.unknown_token_id': 0,
    ...more,
  };
}

function made(model: string, words: readonly string[], more: Metadata = {}) {
  const data = readTokenizer(checkpointOf(metadataOf(model, words, more)), 4096);
  const tokenizer = createTokenizer(data);
  const plain = (text: string) =>
    tokenizer.encode(text, { special: false }).map((id) => data.tokens[id]!);
  const special = (text: string) =>
    tokenizer.encode(text, { special: true }).map((id) => data.tokens[id]!);
  return { data, tokenizer, plain, special };
}

/** SentencePiece's algorithm as it is written: join the best pair, the leftmost of equals, until none is left. */
function joined(text: string, words: readonly string[]): string[] {
  const symbols = Array.from(text);
  for (;;) {
    let best = -1;
    let rank = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const at = words.indexOf(symbols[i]! + symbols[i + 1]!);
      if (at >= 0 && at < rank) {
        rank = at;
        best = i;
      }
    }
    if (best < 0) return symbols;
    symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
  }
}

/** The best sum of scores of all ways to cut a text. */
function likeliest(text: string, words: readonly string[]): number {
  const best = [0];
  for (let end = 1; end <= text.length; end++) {
    const sums = Array.from({ length: end }, (_, start) => {
      const at = words.indexOf(text.slice(start, end));
      return at < 0 ? Number.NEGATIVE_INFINITY : best[start]! - at;
    });
    best.push(Math.max(...sums));
  }
  return best.at(-1)!;
}

const WORDS = pieces(120);
const random = generator(11);
const TEXTS = Array.from({ length: 200 }, () =>
  Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
    ' abcd'.charAt(Math.floor(random() * 5)),
  ).join(''),
);

describe('SentencePiece BPE', () => {
  const { tokenizer, plain, special, data } = made('llama', WORDS);

  test('joins neighbours by their score, as SentencePiece does', () => {
    for (const text of TEXTS) {
      expect(plain(text)).toEqual(joined(`▁${text.replaceAll(' ', '▁')}`, WORDS));
    }
  });

  test('gives each text back', () => {
    for (const text of [...TEXTS, ' é世🌍\n']) {
      expect(tokenizer.decode(tokenizer.encode(text, { special: false }))).toBe(text);
    }
  });

  test('writes characters without a token in bytes, and never gives half of one', () => {
    expect(plain('a🌍').slice(-4)).toEqual(['<0xF0>', '<0x9F>', '<0x8C>', '<0x8D>']);
    const stream = createTextStream(tokenizer);
    const texts = tokenizer.encode('🌍é', { special: false }).map((id) => stream.push(id));
    expect(texts.filter((text) => text !== '')).toEqual(['🌍', 'é']);
    expect(stream.end()).toBe('');
  });

  test('bytes that make no character are U+FFFD', () => {
    const half = tokenizer.encode('🌍', { special: false }).slice(0, -1);
    expect(tokenizer.decode(half)).toBe('\ufffd');
    const letter = data.tokens.indexOf('a');
    expect(tokenizer.decode([...half, letter])).toBe('\ufffda');
  });

  test('makes no control token and no byte out of plain text', () => {
    expect(plain('<user>')).not.toContain('<user>');
    expect(plain('<0x41>')).not.toContain('<0x41>');
    expect(tokenizer.decode(tokenizer.encode('<0x41></s>', { special: false }))).toBe('<0x41></s>');
    expect(special('<user>')).toEqual(['<user>']);
  });

  test('puts a space before each text between control tokens, and none alone', () => {
    expect(special('<user>a</s>d').filter((token) => token.startsWith('▁')).length).toBe(2);
    expect(special('<user></s>')).toEqual(['<user>', '</s>']);
    expect(plain('')).toEqual([]);
  });

  test('puts no space where the file says so, and then takes none away', () => {
    const off = made('llama', WORDS, { 'tokenizer.ggml.add_space_prefix': false });
    for (const text of TEXTS) {
      expect(off.plain(text)).toEqual(joined(text.replaceAll(' ', '▁'), WORDS));
      expect(off.tokenizer.decode(off.tokenizer.encode(text, { special: false }))).toBe(text);
    }
  });

  test('finds user-defined tokens in the text as it is', () => {
    expect(plain('a\n\nb')).toContain('\n\n');
  });

  test('has the ids of BOS, EOS and the unknown token that every file means', () => {
    expect(data).toMatchObject({ bos_token_id: 1, eos_token_id: 2, add_bos_token: true });
    expect(tokenizer.withBos([7])).toEqual([1, 7]);
    expect(tokenizer.withEos([7])).toEqual([7]);
  });

  test('has the unknown token where there are no bytes', () => {
    const tokens = ['<unk>', '<s>', '</s>', '▁', 'a'];
    const { plain } = made('llama', [], {
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.token_type': [unknown, control, control, normal, normal],
      'tokenizer.ggml.scores': tokens.map(() => 0),
    });
    expect(plain('aéa')).toEqual(['▁', 'a', '<unk>', 'a']);
  });

  test('tokens of Phi-3 take the whitespace after them along', () => {
    const phi = made('llama', WORDS, { 'general.name': 'Phi-3 Mini' });
    const types = (text: string) => phi.special(text).join('|');
    expect(types('<user>\na')).toBe(types('<user>a'));
    expect(special('<user>\na').join('|')).not.toBe(special('<user>a').join('|'));
  });

  test('a long text without a space is encoded in no time', () => {
    const started = performance.now();
    expect(plain('abcd'.repeat(25_000)).length).toBeGreaterThan(10_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('Unigram', () => {
  const more = {
    'tokenizer.ggml.remove_extra_whitespaces': true,
    'tokenizer.ggml.eos_token_id': 2,
  };
  const { tokenizer, plain, data } = made('t5', WORDS, more);

  test('takes the likeliest of all ways to cut a text', () => {
    for (const text of TEXTS.map((text) => text.trim().replace(/ +/g, ' ')).filter(
      (text) => text !== '',
    )) {
      const cut = plain(text);
      const whole = `▁${text.replaceAll(' ', '▁')}`;
      expect(cut.join('')).toBe(whole);
      const score = cut.reduce((sum, word) => sum - WORDS.indexOf(word), 0);
      expect(score).toBe(likeliest(whole, WORDS));
    }
  });

  test('leaves out whitespace around and between words', () => {
    expect(plain(' a \t b ')).toEqual(plain('a b'));
    expect(plain('   ')).toEqual([]);
  });

  test('has the unknown token for what no token stands for, and no control token from text', () => {
    expect(plain('aéa')).toContain('<unk>');
    expect(plain('<user>')).not.toContain('<user>');
  });

  test('ends a whole text with EOS, and decodes without the first space', () => {
    expect(data.add_eos_token).toBe(true);
    expect(tokenizer.withEos([9])).toEqual([9, 2]);
    expect(tokenizer.withEos([9, 2])).toEqual([9, 2]);
    expect(tokenizer.withBos([9])).toEqual([9]);
    expect(tokenizer.decode(tokenizer.encode('ab cd', { special: false }))).toBe('ab cd');
  });
});
