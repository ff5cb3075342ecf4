import { describe, expect, test } from 'vitest';
import {
  type Answer,
  type Conversation,
  conversationStore,
  draftStore,
} from '../../../src/app/conversation_store.ts';
import { FakeStorage, GARBAGE } from './fake_storage.ts';
import { resultOf } from './scripted_api.ts';

const KEY = 'lamina.conversation';
const DONE: Answer = {
  role: 'assistant',
  thinking: 'Light, and air.',
  content: 'Because of **scattering**.',
  state: 'done',
  finishReason: 'stop',
  statistics: resultOf('').statistics,
  failure: null,
};

function reloaded(conversation: unknown): Conversation {
  const storage = new FakeStorage();
  storage.values.set(KEY, JSON.stringify(conversation));
  return conversationStore(storage).read();
}

describe('a conversation over a reload', () => {
  test('comes back as it was written', () => {
    const storage = new FakeStorage();
    const conversation: Conversation = [{ role: 'user', content: 'Why?\n😀 لماذا' }, DONE];
    conversationStore(storage).write(conversation);
    expect(conversationStore(storage).read()).toEqual(conversation);
  });

  test('of a page that knew no thoughts is still read', () => {
    const { thinking: _, ...before } = DONE;
    expect(reloaded([before])).toEqual([{ ...DONE, thinking: '' }]);
  });

  test('keeps the text of an answer that was being written, and says that it was interrupted', () => {
    const [, answer] = reloaded([
      { role: 'user', content: 'Why?' },
      { ...DONE, content: 'Because', state: 'streaming', statistics: null, finishReason: null },
    ]);
    expect(answer).toMatchObject({
      content: 'Because',
      state: 'error',
      failure: { name: 'Interrupted', remedies: ['answer-again'] },
    });
  });

  test('keeps why an answer failed, with the remedies of today', () => {
    const failure = {
      name: 'ContextLengthError',
      heading: 'Too long',
      message: 'It has 9 tokens.',
      remedies: ['a-remedy-of-another-version'],
    };
    const [, answer] = reloaded([
      { role: 'user', content: 'Why?' },
      { ...DONE, state: 'error', statistics: null, finishReason: null, failure },
    ]);
    expect(answer).toMatchObject({
      state: 'error',
      failure: { ...failure, remedies: ['new-chat'] },
    });
  });

  test.each(GARBAGE)('a record that is %j gives an empty conversation', (text) => {
    const storage = new FakeStorage();
    storage.values.set(KEY, text);
    expect(conversationStore(storage).read()).toEqual([]);
  });

  test.each([
    ['a turn without text', { role: 'user' }],
    ['a turn of nobody', { role: 'tool', content: 'x' }],
    ['a turn that is a list', []],
  ])('%s gives an empty conversation', (_, turn) => {
    expect(reloaded([{ role: 'user', content: 'Why?' }, turn])).toEqual([]);
  });

  test('figures that are not whole are left out, the answer stays', () => {
    const { adapter: _, ...part } = DONE.statistics!;
    const [answer] = reloaded([{ ...DONE, statistics: part, finishReason: 'bored' }]);
    expect(answer).toEqual({ ...DONE, statistics: null, finishReason: null });
  });

  test('a full storage keeps what was written last', () => {
    const storage = new FakeStorage();
    const store = conversationStore(storage);
    store.write([{ role: 'user', content: 'first' }]);
    storage.full = true;
    store.write([{ role: 'user', content: 'second' }]);
    expect(store.read()).toEqual([{ role: 'user', content: 'first' }]);
  });
});

test.each(GARBAGE.filter((text) => text !== '"text"'))('a draft that is %j is empty', (text) => {
  const storage = new FakeStorage();
  storage.values.set('lamina.draft', text);
  expect(draftStore(storage).read()).toBe('');
});
