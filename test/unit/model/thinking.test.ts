import { describe, expect, test } from 'vitest';
import {
  createThinkingReader,
  type ThinkingFormat,
  thinkingFormat,
} from '../../../src/model/thinking.ts';
import { createTokenizer } from '../../../src/model/tokenizer.ts';
import { TOKEN_TYPE } from '../../../src/model/tokenizer_data.ts';
import { smollm2 } from './fixtures.ts';

const THINK = thinkingFormat({ tokens: ['<think>', '</think>'], chat_template: null })!;
const HARMONY_TOKENS = ['<|start|>', '<|channel|>', '<|message|>'];
const HARMONY = thinkingFormat({ tokens: HARMONY_TOKENS, chat_template: null })!;

describe('the marks of thinking', () => {
  const none = { tokens: ['a'], chat_template: 'b' };

  test('are none in a model that does not think', async () => {
    expect(thinkingFormat(await smollm2())).toBeNull();
    expect(thinkingFormat({ ...none, chat_template: null })).toBeNull();
  });

  test('are those of the chat template', () => {
    const chat_template = "{{ content.split('</think>')[-1] }}";
    expect(thinkingFormat({ ...none, chat_template })).toEqual(THINK);
  });

  test('are two tokens of the model', () => {
    const tokens = ['[THINK]', '[/THINK]'];
    expect(thinkingFormat({ ...none, tokens })!.tokens).toEqual(tokens);
    expect(thinkingFormat({ ...none, tokens: ['[THINK]'] })).toBeNull();
  });

  test('show in the text also where they are control tokens', async () => {
    const smol = await smollm2();
    const ids = [smol.tokens.length, smol.tokens.length + 1, smol.tokens.length + 2];
    const tokenizer = createTokenizer({
      ...smol,
      tokens: [...smol.tokens, '[THINK]', '[/THINK]', '[INST]'],
      token_types: [...smol.token_types, ...ids.map(() => TOKEN_TYPE.control)],
    });
    expect(tokenizer.decode(ids)).toBe('[THINK][/THINK]');
    expect(tokenizer.encode('[THINK][INST]', { special: true })).toEqual([ids[0], ids[2]]);
    expect(tokenizer.encode('[THINK]', { special: false })).not.toContain(ids[0]);
  });
});

describe('thinking is told from the answer', () => {
  function read(pieces: readonly string[], prompt = '', format: ThinkingFormat = THINK) {
    const reader = createThinkingReader(format, prompt);
    const parts = [...pieces.map((piece) => reader.push(piece)), reader.end()];
    return {
      thinking: parts.map(({ thinking }) => thinking).join(''),
      answer: parts.map(({ answer }) => answer).join(''),
    };
  }
  const text = '<think>Is 1 < 2? </thin yes</think>It is </thinking>.';
  const expected = { thinking: 'Is 1 < 2? </thin yes', answer: 'It is </thinking>.' };

  test.each([1, 2, 3, 7, 100])('in pieces of %i characters', (length) => {
    const pieces = text.match(new RegExp(`.{1,${length}}`, 'g'))!;
    expect(read(pieces)).toEqual(expected);
  });

  test('when the prompt has begun the thinking', () => {
    expect(read([text.slice('<think>'.length)], 'assistant\n<think>\n')).toEqual(expected);
  });

  test('when it never ends, and when there is none', () => {
    expect(read(['<think>a', 'b</thi'])).toEqual({ thinking: 'ab</thi', answer: '' });
    expect(read(['a <', 'b'])).toEqual({ thinking: '', answer: 'a <b' });
  });

  test.each([1, 5, 1000])('in messages with channels, in pieces of %i characters', (length) => {
    const inPieces = (text: string) =>
      read(text.match(new RegExp(`.{1,${length}}`, 'g'))!, '<|start|>assistant', HARMONY);
    const thoughts = '<|channel|>analysis<|message|>Is 1 <|2?';
    const plan = '<|start|>assistant<|channel|>commentary<|message|> No.';
    const answer = '<|channel|>final<|message|>It <| is.';
    expect(inPieces(`${thoughts}${plan}<|start|>assistant${answer}`)).toEqual({
      thinking: 'Is 1 <|2? No.',
      answer: 'It <| is.',
    });
    expect(inPieces(answer)).toEqual({ thinking: '', answer: 'It <| is.' });
  });

  test('as early as it can be', () => {
    const reader = createThinkingReader(THINK, '');
    expect(reader.push('<thi')).toEqual({ thinking: '', answer: '' });
    expect(reader.push('nk>a<')).toEqual({ thinking: 'a', answer: '' });
    expect(reader.push('b')).toEqual({ thinking: '<b', answer: '' });
  });
});
