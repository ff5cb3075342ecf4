import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChatState, createChatState } from '../../../src/app/chat_state.ts';
import type { Answer } from '../../../src/app/conversation_store.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../../src/app/settings.ts';
import { ContextLengthError } from '../../../src/engine/errors.ts';
import { DeviceLostError } from '../../../src/gpu/errors.ts';
import type { Residence } from '../../../src/worker/protocol.ts';
import { FakeStorage } from './fake_storage.ts';
import { type RunningChat, resultOf, ScriptedApi } from './scripted_api.ts';

const KEY = 'lamina.conversation';

let api: ScriptedApi;
let storage: FakeStorage;
let chat: ChatState;
let clock: number;
let engine: boolean;
const settings = signal<Settings>(DEFAULT_SETTINGS);
const engineLost = vi.fn();

/** The page as it is when it is opened. */
function open(): ChatState {
  return createChatState({
    api,
    storage,
    settings,
    ensureEngine: async () => engine,
    engineLost,
    now: () => clock,
    randomSeed: () => 42,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  api = new ScriptedApi();
  storage = new FakeStorage();
  clock = 0;
  engine = true;
  settings.value = DEFAULT_SETTINGS;
  engineLost.mockClear();
  chat = open();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Asks, and waits until the engine has been asked. */
async function ask(question: string): Promise<{ run: RunningChat; ended: Promise<void> }> {
  const before = api.chats.length;
  const ended = chat.send(question);
  await vi.waitUntil(() => api.chats.length > before);
  return { run: api.chats.at(-1)!, ended };
}

async function answered(question: string, text: string): Promise<void> {
  const { run, ended } = await ask(question);
  run.emit({ type: 'text', text });
  run.end.resolve(resultOf(text));
  await ended;
}

const lastAnswer = () => chat.conversation.value.at(-1) as Answer;
const residence = (at: Residence['at'], bytesRead = 0): Residence => ({
  at,
  weightBytes: 9,
  peakWeightBytes: 9,
  bytesRead,
});

describe('sending a message', () => {
  test('puts the draft into the conversation and the answer after it', async () => {
    chat.draft.value = '  Why?\n';
    const ended = chat.send();
    await vi.waitUntil(() => api.chats.length === 1);
    const run = api.chats[0]!;
    expect(chat.draft.value).toBe('');
    expect(chat.activity.value).toBe('answering');
    expect(chat.conversation.value[0]).toEqual({ role: 'user', content: 'Why?' });
    run.emit({ type: 'text', text: 'Be' });
    run.emit({ type: 'text', text: 'cause.' });
    expect(lastAnswer()).toMatchObject({ content: 'Because.', state: 'streaming' });
    run.end.resolve(resultOf('Because.'));
    await ended;
    expect(lastAnswer()).toMatchObject({
      content: 'Because.',
      state: 'done',
      finishReason: 'stop',
      statistics: { tokens_per_second: 13.08, time_to_first_token_ms: 421 },
    });
    expect(chat.activity.value).toBe('idle');
  });

  test('with a message of its own leaves the draft alone', async () => {
    chat.draft.value = 'half a thought';
    await answered('Why?', 'So.');
    expect(chat.draft.value).toBe('half a thought');
    expect(chat.conversation.value[0]!.content).toBe('Why?');
  });

  test.each(['', '  \n\t'])('that is %j sends nothing', async (draft) => {
    chat.draft.value = draft;
    await chat.send();
    expect(api.chats).toEqual([]);
    expect(chat.conversation.value).toEqual([]);
  });

  test('during an answer sends nothing and keeps the draft', async () => {
    await ask('Why?');
    chat.draft.value = 'And why not?';
    await chat.send();
    expect(api.chats).toHaveLength(1);
    expect(chat.draft.value).toBe('And why not?');
  });

  test('without a model keeps the draft', async () => {
    engine = false;
    chat.draft.value = 'Why?';
    await chat.send();
    expect(chat.draft.value).toBe('Why?');
    expect(chat.conversation.value).toEqual([]);
  });

  test('hands over the settings, the system message and all turns', async () => {
    settings.value = { ...DEFAULT_SETTINGS, temperature: 0, max_tokens: 7, system: 'Be brief.' };
    await answered('One?', '1.');
    const { run } = await ask('Two?');
    expect(run.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: '1.' },
      { role: 'user', content: 'Two?' },
    ]);
    expect(run.options).toMatchObject({ temperature: 0, max_tokens: 7, seed: 42 });
  });

  test('after an answer without a word joins the questions: templates want roles to alternate', async () => {
    const { run, ended } = await ask('One?');
    run.end.resolve(resultOf('', 'cancelled'));
    await ended;
    const second = await ask('Two?');
    expect(second.run.messages).toEqual([{ role: 'user', content: 'One?\n\nTwo?' }]);
  });
});

describe('a model that thinks', () => {
  test('has its thoughts beside the answer, and gets them back in a field of their own', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'prefill', done: 1, total: 2 });
    run.emit({ type: 'thinking', text: 'Light' });
    expect(chat.prefill.value).toBeNull();
    run.emit({ type: 'thinking', text: ' and air.' });
    run.emit({ type: 'text', text: 'Scattering.' });
    expect(lastAnswer()).toMatchObject({ thinking: 'Light and air.', content: 'Scattering.' });
    run.end.resolve(resultOf('Scattering.', 'stop', 'Light and air.'));
    await ended;
    expect(chat.announcement.value).toBe('Scattering.');
    const { run: next } = await ask('And at night?');
    expect(next.messages).toEqual([
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Scattering.', reasoning_content: 'Light and air.' },
      { role: 'user', content: 'And at night?' },
    ]);
  });

  test('that was stopped before it answered is not told what it thought', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'thinking', text: 'Hm' });
    run.end.resolve(resultOf('', 'cancelled', 'Hm'));
    await ended;
    expect(lastAnswer()).toMatchObject({ thinking: 'Hm', content: '', state: 'done' });
    const { run: next } = await ask('Well?');
    expect(next.messages).toEqual([{ role: 'user', content: 'Why?\n\nWell?' }]);
  });
});

describe('reading the prompt', () => {
  test('shows how far it is, until the first word', async () => {
    const { run } = await ask('Why?');
    run.emit({ type: 'prefill', done: 12, total: 48 });
    expect(chat.prefill.value).toBe(0.25);
    run.emit({ type: 'prefill', done: 48, total: 48 });
    expect(chat.prefill.value).toBeNull();
  });
});

describe('what is on the GPU', () => {
  test('is drawn with every report, and told in figures four times a second', async () => {
    const { run } = await ask('Why?');
    run.emit({ type: 'residence', residence: residence(3, 10) });
    expect(chat.residence.value.at).toBe(3);
    expect(chat.figures.value.at).toBeNull();
    vi.advanceTimersByTime(100);
    run.emit({ type: 'residence', residence: residence(7, 20) });
    vi.advanceTimersByTime(150);
    expect(chat.figures.value).toEqual(residence(7, 20));
  });

  test('is nothing that computes once the answer has ended', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'residence', residence: residence('head', 30) });
    run.end.resolve(resultOf('So.'));
    await ended;
    expect(chat.figures.value).toEqual(residence(null, 30));
    vi.advanceTimersByTime(1_000);
    expect(chat.figures.value).toEqual(residence(null, 30));
  });
});

describe('stopping', () => {
  test('keeps what there is, and says that it was stopped', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'text', text: 'Beca' });
    let stopped = false;
    const stop = chat.stop().then(() => {
      stopped = true;
    });
    await vi.waitUntil(() => api.stops === 1);
    await Promise.resolve();
    expect(chat.activity.value).toBe('stopping');
    expect(stopped).toBe(false);
    run.end.resolve(resultOf('Beca', 'cancelled'));
    await Promise.all([stop, ended]);
    expect(lastAnswer()).toMatchObject({ content: 'Beca', finishReason: 'cancelled' });
    expect(chat.activity.value).toBe('idle');
  });

  test('without an answer asks nothing of the engine', async () => {
    await chat.stop();
    expect(api.stops).toBe(0);
  });

  test('of a worker that is gone is no error of its own', async () => {
    await ask('Why?');
    api.stop = () => Promise.reject(new Error('gone'));
    await expect(chat.stop()).resolves.toBeUndefined();
  });
});

describe('a new chat', () => {
  test('is empty, also after a reload, and can be undone', async () => {
    await answered('Why?', 'So.');
    const before = chat.conversation.value;
    chat.newChat();
    expect(chat.conversation.value).toEqual([]);
    expect(storage.json(KEY)).toEqual([]);
    chat.undoNewChat();
    expect(chat.conversation.value).toEqual(before);
    expect(chat.putAway.value).toBeNull();
    expect(open().conversation.value).toEqual(before);
  });

  test('cannot be undone once it has a question', async () => {
    await answered('Why?', 'So.');
    chat.newChat();
    await answered('And?', 'Also.');
    chat.undoNewChat();
    expect(chat.conversation.value[0]!.content).toBe('And?');
  });

  test('in mid-answer stops it; what still comes goes nowhere', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'text', text: 'Beca' });
    chat.newChat();
    expect(api.stops).toBe(1);
    run.emit({ type: 'text', text: 'use' });
    run.end.resolve(resultOf('Because', 'cancelled'));
    await ended;
    expect(chat.conversation.value).toEqual([]);
    expect(chat.activity.value).toBe('idle');
    chat.undoNewChat();
    expect(lastAnswer()).toMatchObject({
      content: 'Beca',
      state: 'done',
      finishReason: 'cancelled',
    });
  });

  test('waits for the answer before it to end', async () => {
    const { run, ended } = await ask('Why?');
    chat.newChat();
    await chat.send('And?');
    expect(api.chats).toHaveLength(1);
    run.end.reject(new Error('late'));
    await ended;
    expect(chat.conversation.value).toEqual([]);
    await answered('And?', 'Also.');
    expect(api.chats[1]!.messages).toEqual([{ role: 'user', content: 'And?' }]);
  });
});

describe('an answer that fails', () => {
  test('keeps its text and says why', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'text', text: 'Beca' });
    const error = new DeviceLostError({ reason: 'reset' });
    run.end.reject(error);
    await ended;
    expect(lastAnswer()).toMatchObject({
      content: 'Beca',
      state: 'error',
      failure: { name: 'DeviceLostError', message: error.message, remedies: ['answer-again'] },
    });
    expect(chat.announcement.value).toContain(error.message);
    expect(open().conversation.value).toEqual(chat.conversation.value);
    expect(engineLost).toHaveBeenCalledOnce();
  });

  test('for a reason of its own leaves the engine alone', async () => {
    const { run, ended } = await ask('Why?');
    run.end.reject(new Error('odd'));
    await ended;
    expect(engineLost).not.toHaveBeenCalled();
  });

  test('can be asked for again, in its place', async () => {
    const { run, ended } = await ask('Why?');
    run.emit({ type: 'text', text: 'Beca' });
    run.end.reject(new Error('odd'));
    await ended;
    const again = chat.answerAgain();
    await vi.waitUntil(() => api.chats.length === 2);
    expect(api.chats[1]!.messages).toEqual([{ role: 'user', content: 'Why?' }]);
    api.chats[1]!.end.resolve(resultOf('Because.'));
    await again;
    expect(chat.conversation.value).toHaveLength(2);
    expect(lastAnswer()).toMatchObject({ content: 'Because.', state: 'done' });
  });

  test('is not thrown away where no model can be loaded for another try', async () => {
    const { run, ended } = await ask('Why?');
    run.end.reject(new Error('odd'));
    await ended;
    engine = false;
    await chat.answerAgain();
    expect(lastAnswer().state).toBe('error');
  });

  test('because it is too long can be asked in a new chat, the question ready to be sent', async () => {
    await answered('One?', '1.');
    const { run, ended } = await ask('A long question');
    run.end.reject(new ContextLengthError({ tokens: 9, limit: 8 }));
    await ended;
    expect(lastAnswer().failure!.remedies).toEqual(['new-chat']);
    chat.askInNewChat();
    expect(chat.conversation.value).toEqual([]);
    expect(chat.draft.value).toBe('A long question');
    expect(chat.putAway.value).toHaveLength(4);
  });

  test('does not overwrite a draft with its question', async () => {
    await answered('One?', '1.');
    chat.draft.value = 'half a thought';
    chat.askInNewChat();
    expect(chat.draft.value).toBe('half a thought');
  });
});

describe('over a reload', () => {
  test('an answer in the making is written down every second', async () => {
    const { run } = await ask('Why?');
    run.emit({ type: 'text', text: 'a' });
    expect((open().conversation.value[1] as Answer).content).toBe('');
    clock = 1_000;
    run.emit({ type: 'text', text: 'b' });
    clock = 1_500;
    run.emit({ type: 'text', text: 'c' });
    expect(open().conversation.value[1]).toMatchObject({
      content: 'ab',
      state: 'error',
      failure: { name: 'Interrupted' },
    });
    chat.save();
    expect((open().conversation.value[1] as Answer).content).toBe('abc');
  });

  test('the draft is kept', () => {
    chat.draft.value = 'half a thought';
    chat.save();
    expect(open().draft.value).toBe('half a thought');
  });

  test('a full storage does not stop the chat', async () => {
    storage.full = true;
    await answered('Why?', 'So.');
    expect(lastAnswer()).toMatchObject({ content: 'So.', state: 'done' });
  });
});

describe('for screen readers', () => {
  test('an answer is announced when it begins and, whole, when it ends', async () => {
    const { run, ended } = await ask('Why?');
    expect(chat.announcement.value).toBe('Answering.');
    run.emit({ type: 'text', text: 'Be' });
    expect(chat.announcement.value).toBe('Answering.');
    run.end.resolve(resultOf('Because.'));
    await ended;
    expect(chat.announcement.value).toBe('Because.');
  });
});
