import { ByteLevelDecoder, SequencePreTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import {
  byteLevelComponent,
  findPreTokenizer,
  PRE_TOKENIZERS,
} from '../../../src/model/pre_tokenizers.ts';

const decoder = new ByteLevelDecoder({ type: 'ByteLevel' });

/** The words of a text, as text. */
function cutBy(name: string): (text: string) => string[] {
  const component = byteLevelComponent(findPreTokenizer(name));
  const cut = new SequencePreTokenizer(
    component as unknown as ConstructorParameters<typeof SequencePreTokenizer>[0],
  );
  return (text) => cut.pre_tokenize(text).map((word) => decoder.convert_tokens_to_string([word]));
}

const TEXT =
  "I'LL  say it's 1234567 times,\n\n ok?\tCamelCase über 世界 こんにちは don't(x) == y;  \r\n  é e\u0301 🌍👩‍👩‍👧 \u00a0नमस्ते /path/";
const NAMES = PRE_TOKENIZERS.flatMap(({ names }) => names);

test('no name stands for two pre-tokenizers', () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
});

test.each(NAMES)('%s loses nothing of a text', (name) => {
  expect(cutBy(name)(TEXT).join('')).toBe(TEXT);
});

// From the regular expressions in the tokenizer.json of one model of each kind, applied by hand.
describe.each<[string, [text: string, words: string[]][]]>([
  [
    'tekken',
    [
      ['CamelCase HTTPServer', ['Camel', 'Case', ' HTTPServer']],
      ["it's 123", ['it', "'s", ' ', '1', '2', '3']],
      ['a/b //\n', ['a', '/b', ' //\n']],
    ],
  ],
  [
    'gpt-4o',
    [
      ['CamelCase', ['Camel', 'Case']],
      ["it's I'LL 12345", ["it's", " I'LL", ' ', '123', '45']],
      ['e\u0301a', ['e\u0301a']],
    ],
  ],
  [
    'falcon',
    [
      ['1234 a', ['123', '4', ' a']],
      ['a`b=c', ['a', '`', 'b', '=', 'c']],
    ],
  ],
  ['bloom', [['Hi there, you 12!', ['Hi', ' there', ',', ' you', ' 12', '!']]]],
  ['viking', [['Hi 12!', ['Hi', ' ', '1', '2', '!']]]],
  [
    'deepseek-llm',
    [
      // Its range of punctuation, `:-~`, holds the letters of ASCII, and so cuts words once more.
      ['Hello Straße 1234', ['Hello', ' Stra', 'ß', 'e', ' ', '1234']],
      ['über', ['ü', 'ber']],
      ['ΩΚ ж', ['ΩΚ', ' ж']],
      ['a\n\nb', ['a', '\n', '\n', 'b']],
      ['say, "no"  ', ['say', ',', ' "', 'no', '"', '  ']],
      ['世界hi', ['世界', 'hi']],
    ],
  ],
  [
    'deepseek-coder',
    [
      ['foo(bar) 123', ['foo', '(', 'bar', ')', ' ', '1', '2', '3']],
      ['世界 x', ['世界', ' x']],
    ],
  ],
  [
    'deepseek-v3',
    [
      ['Hello 12345', ['Hello', ' ', '123', '45']],
      ['(foo) ==\n', ['(foo', ')', ' ==\n']],
      ['世界です hi', ['世界です', ' hi']],
    ],
  ],
  ['qwen35', [['e\u0301a 12', ['e\u0301a', ' ', '1', '2']]]],
  ['qwen2', [['e\u0301a 12', ['e', '\u0301a', ' ', '1', '2']]]],
  ['tiny_aya', [["it's 1234567", ["it's", ' ', '1', '234', '567']]]],
  ['bailingmoe', [["it's I'LL 12\n\n", ['it', "'s", ' I', "'LL", ' ', '1', '2', '\n\n']]]],
  ['seed-coder', [['a == b;\n\n 12', ['a', ' ==', ' b', ';', '\n\n', ' ', '1', '2']]]],
  ['superbpe', [['by the way 1234567 of it', ['by the way ', '1', '234', '567', ' of it']]]],
  ['dbrx', [["I'LL 12345", ['I', "'LL", ' ', '123', '45']]]],
])('%s', (name, cases) => {
  const cut = cutBy(name);
  test.each(cases)('cuts %j', (text, words) => {
    expect(cut(text)).toEqual(words);
  });
});

test('a text made to be slow is cut soon', () => {
  const started = performance.now();
  for (const { names } of PRE_TOKENIZERS) {
    for (const text of [' '.repeat(20_000), 'aA'.repeat(10_000), "'".repeat(20_000)]) {
      expect(cutBy(names[0]!)(`${text}1`).join('')).toBe(`${text}1`);
    }
  }
  expect(performance.now() - started).toBeLessThan(20_000);
});
