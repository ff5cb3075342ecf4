import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import type {
  GenerationEvent,
  GenerationResult,
  LaminaApi,
  Residence,
} from '../worker/protocol.ts';
import {
  type Answer,
  type Conversation,
  conversationStore,
  draftStore,
} from './conversation_store.ts';
import { failureOf } from './failures.ts';
import type { KeyValueStorage } from './local_record.ts';
import { generateOptions, type Settings } from './settings.ts';

export interface ChatServices {
  readonly api: LaminaApi;
  readonly storage: KeyValueStorage;
  readonly settings: ReadonlySignal<Settings>;
  /** Makes sure that a model is loaded; false: there is none, and the page says why. */
  readonly ensureEngine: () => Promise<boolean>;
  /** Told when an answer failed because the engine has no device or no model any more. */
  readonly engineLost: () => void;
  readonly now: () => number;
  /** A whole number below 2³². */
  readonly randomSeed: () => number;
}

/** `stopping`: the answer ends after the token at hand. */
export type Activity = 'idle' | 'answering' | 'stopping';

export interface ChatState {
  readonly conversation: ReadonlySignal<Conversation>;
  /** The message being written. */
  readonly draft: Signal<string>;
  readonly activity: ReadonlySignal<Activity>;
  /** How much of the prompt has been read, from 0 to 1; null: none is being read. */
  readonly prefill: ReadonlySignal<number | null>;
  /** What is on the GPU: every event, for the drawing. */
  readonly residence: ReadonlySignal<Residence>;
  /** The same at a pace at which figures can be read. */
  readonly figures: ReadonlySignal<Residence>;
  /** For screen readers: an answer is announced when it is whole. */
  readonly announcement: ReadonlySignal<string>;
  /** The conversation that the last new chat put away; null: there is none to bring back. */
  readonly putAway: ReadonlySignal<Conversation | null>;
  /** Sends a message: the draft, unless another is given. */
  send(message?: string): Promise<void>;
  /** Ends the answer after its current token, and resolves when it has ended. */
  stop(): Promise<void>;
  newChat(): void;
  /** Brings back what the last new chat put away. */
  undoNewChat(): void;
  /** A new chat, with the last question to be sent again or shortened. */
  askInNewChat(): void;
  /** The last question once more, in place of the answer that failed. */
  answerAgain(): Promise<void>;
  /** What is on the GPU now that a model is loaded. */
  showResidence(residence: Residence): void;
  /** Writes conversation and draft down, also in mid-answer. */
  save(): void;
}

const NOTHING: Residence = { at: null, weightBytes: 0, peakWeightBytes: 0, bytesRead: 0 };
const FIGURES_MS = 250;
const SAVE_MS = 1_000;

const EMPTY_ANSWER: Answer = {
  role: 'assistant',
  thinking: '',
  content: '',
  state: 'streaming',
  finishReason: null,
  statistics: null,
  failure: null,
};

/** After these the engine can do nothing until the model is loaded again. */
const ENGINE_LOST = ['DeviceLostError', 'NoModelError'];

export function createChatState(services: ChatServices): ChatState {
  const { api, now } = services;
  const store = conversationStore(services.storage);
  const drafts = draftStore(services.storage);
  const conversation = signal<Conversation>(store.read());
  const draft = signal(drafts.read());
  const activity = signal<Activity>('idle');
  const prefill = signal<number | null>(null);
  const residence = signal(NOTHING);
  const figures = signal(NOTHING);
  const announcement = signal('');
  const putAway = signal<Conversation | null>(null);
  /** The answer whose events count; those of one that was left behind by a new chat do not. */
  let current: symbol | null = null;
  let savedAt = 0;
  let pacing = false;
  /** Ends with the answer at hand. */
  let answering: Promise<void> = Promise.resolve();

  function save(): void {
    savedAt = now();
    store.write(conversation.value);
    drafts.write(draft.value);
  }

  function updateAnswer(change: Partial<Answer>): void {
    const turns = conversation.value;
    conversation.value = [...turns.slice(0, -1), { ...(turns.at(-1) as Answer), ...change }];
  }

  function onEvent(event: GenerationEvent): void {
    if (event.type === 'prefill') {
      prefill.value = event.done < event.total ? event.done / event.total : null;
    } else if (event.type === 'residence') {
      showResidence(event.residence);
    } else {
      prefill.value = null;
      const part = event.type === 'thinking' ? 'thinking' : 'content';
      updateAnswer({ [part]: (conversation.value.at(-1) as Answer)[part] + event.text });
      if (now() - savedAt >= SAVE_MS) save();
    }
  }

  function showFigures(): void {
    pacing = false;
    figures.value = residence.value;
  }

  function showResidence(next: Residence): void {
    residence.value = next;
    if (next.at === null) figures.value = next;
    else if (!pacing) {
      pacing = true;
      setTimeout(showFigures, FIGURES_MS);
    }
  }

  function answer(): Promise<void> {
    answering = answerLast();
    return answering;
  }

  async function answerLast(): Promise<void> {
    const run = Symbol('answer');
    current = run;
    activity.value = 'answering';
    putAway.value = null;
    const messages = toMessages(conversation.value, services.settings.value.system);
    conversation.value = [...conversation.value, EMPTY_ANSWER];
    announcement.value = 'Answering.';
    save();
    try {
      const options = generateOptions(services.settings.value, services.randomSeed);
      const result = await api.chat(messages, options, (event) => {
        if (current === run) onEvent(event);
      });
      if (current === run) finish(result);
    } catch (error) {
      if (error instanceof Error && ENGINE_LOST.includes(error.name)) services.engineLost();
      if (current === run) fail(error);
    } finally {
      activity.value = 'idle';
      prefill.value = null;
      showResidence({ ...residence.value, at: null });
    }
  }

  function finish({ text, thinking, finish_reason, statistics }: GenerationResult): void {
    const finishReason = finish_reason;
    updateAnswer({ thinking, content: text, state: 'done', finishReason, statistics });
    announcement.value = text;
    save();
  }

  function fail(error: unknown): void {
    const failure = failureOf(error, 'answer');
    updateAnswer({ state: 'error', failure });
    announcement.value = `${failure.heading}. ${failure.message}`;
    save();
  }

  async function stop(): Promise<void> {
    if (activity.value === 'idle') return;
    activity.value = 'stopping';
    try {
      await api.stop();
      await answering;
    } catch {
      // When the worker is gone, `chat` is rejected with the same cause and tells it.
    }
  }

  function newChat(): void {
    if (current !== null && activity.value !== 'idle') {
      void stop();
      updateAnswer({ state: 'done', finishReason: 'cancelled' });
    }
    current = null;
    if (conversation.value.length > 0) putAway.value = conversation.value;
    conversation.value = [];
    announcement.value = 'New chat.';
    save();
  }

  return {
    conversation,
    draft,
    activity,
    prefill,
    residence,
    figures,
    announcement,
    putAway,
    save,
    stop,
    newChat,
    showResidence,
    async send(message) {
      const content = (message ?? draft.value).trim();
      if (content === '' || activity.value !== 'idle') return;
      if (!(await services.ensureEngine())) return;
      if (message === undefined) draft.value = '';
      conversation.value = [...conversation.value, { role: 'user', content }];
      await answer();
    },
    undoNewChat() {
      if (putAway.value === null) return;
      conversation.value = putAway.value;
      putAway.value = null;
      save();
    },
    askInNewChat() {
      const question = conversation.value.findLast(({ role }) => role === 'user')?.content ?? '';
      newChat();
      if (draft.value.trim() === '') draft.value = question;
      save();
    },
    async answerAgain() {
      if (activity.value !== 'idle' || conversation.value.at(-1)?.role !== 'assistant') return;
      if (!(await services.ensureEngine())) return;
      conversation.value = conversation.value.slice(0, -1);
      await answer();
    },
  };
}

/**
 * The conversation as the model reads it. An answer that ended before its first word is left out, and the questions
 * around it are joined: many chat templates refuse two messages of the same role in a row. Thoughts go beside the
 * answer that they led to: the template decides how many of them the model reads again.
 */
function toMessages(conversation: Conversation, system: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  if (system.trim() !== '') messages.push({ role: 'system', content: system });
  for (const turn of conversation) {
    const { role, content } = turn;
    if (content === '') continue;
    const last = messages.at(-1);
    if (last?.role === role)
      messages.splice(-1, 1, { role, content: `${last.content}\n\n${content}` });
    else if (turn.role === 'assistant' && turn.thinking !== '')
      messages.push({ role, content, reasoning_content: turn.thinking });
    else messages.push({ role, content });
  }
  return messages;
}
