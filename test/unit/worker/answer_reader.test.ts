import { expect, test } from 'vitest';
import { createAnswerReader } from '../../../src/worker/answer_reader.ts';
import { smollm2 } from '../model/fixtures.ts';

const DATA = await smollm2();
const MESSAGES = [{ role: 'user', content: 'Why?' }] as const;
const THINKS = '{{ messages[0].content }}{% if false %}</think>{% endif %}';

/** What the reader makes of a text that comes one character at a time. */
function read(chat_template: string, text: string) {
  const reader = createAnswerReader({ ...DATA, chat_template }, MESSAGES);
  const parts = [...[...text].map((piece) => reader.push(piece)), reader.end()];
  return {
    thinking: parts.map(({ thinking }) => thinking).join(''),
    answer: parts.map(({ answer }) => answer).join(''),
  };
}

test.each([
  ['thoughts', '<think>\nHm, so.</think>\n\nSo.\n', { thinking: 'Hm, so.', answer: 'So.\n' }],
  ['no thoughts', '<think>\n\n</think>\n\nSo.', { thinking: '', answer: 'So.' }],
  ['an end before the answer', '<think>Hm', { thinking: 'Hm', answer: '' }],
  ['what only looks like a marker', 'a </thin', { thinking: '', answer: 'a </thin' }],
])('of a model that thinks, %s and the answer are told apart', (_, text, parts) => {
  expect(read(THINKS, text)).toEqual(parts);
});

test('thinking may have begun in the prompt', () => {
  const begun = `${THINKS}<think>\n`;
  expect(read(begun, 'Hm.</think>So.')).toEqual({ thinking: 'Hm.', answer: 'So.' });
});

test('of a model that does not think every character is the answer', () => {
  const text = '\n<think>a</think> b ';
  expect(read('{{ messages[0].content }}', text)).toEqual({ thinking: '', answer: text });
});
