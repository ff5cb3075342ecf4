import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import type {
  GenerationEvent,
  GenerationResult,
  LaminaApi,
  Residence,
} from '../worker/protocol.ts';
import { type Answer, type Conversation, conversationStore } from './conversation_store.ts';
import { failureOf } from './failures.ts';
import type { KeyValueStorage } from './local_record.ts';
import { generateOptions, type Settings } from './settings.ts';

export interface ChatServices {
  readonly api: LaminaApi;
  readonly storage: KeyValueStorage;
  readonly settings: ReadonlySignal<Settings>;
  /** Makes sure that a model is loaded; false: there is none, and the page says why. */
  readonly ensureEngine: () => Promise<boolean>;
  readonly now: () => number;
  /** A whole number below 2³². */
  readonly randomSeed: () => number;
}

export interface ChatState {
  readonly conversation: ReadonlySignal<Conversation>;
  /** The message being written. */
  readonly draft: Signal<string>;
  /** The engine is answering, or still ending an answer that was broken off. */
  readonly busy: ReadonlySignal<boolean>;
  /** How much of the prompt has been read, from 0 to 1; null: none is being read. */
  readonly prefill: ReadonlySignal<number | null>;
  /** What is on the GPU: every event, for the drawing. */
  readonly residence: ReadonlySignal<Residence>;
  /** The same at a pace at which figures can be read. */
  readonly figures: ReadonlySignal<Residence>;
  /** For screen readers: an answer is announced when it is whole. */
  readonly announcement: ReadonlySignal<string>;
  /** Sends the draft. */
  send(): Promise<void>;
  /** Ends the answer after its current token. */
  stop(): Promise<void>;
  newChat(): void;
  /** The last question once more, in place of the answer that failed. */
  answerAgain(): Promise<void>;
  /** A model was loaded: the engine counts from zero. */
  resetResidence(): void;
  /** Writes the conversation down, also in mid-answer. */
  save(): void;
}

const IDLE: Residence = { at: null, weightBytes: 0, peakWeightBytes: 0, bytesRead: 0 };
const FIGURES_MS = 250;
const SAVE_MS = 1_000;

const EMPTY_ANSWER: Answer = {
  role: 'assistant',
  content: '',
  state: 'streaming',
  finishReason: null,
  statistics: null,
  failure: null,
};

export function createChatState(services: ChatServices): ChatState {
  const { api, now } = services;
  const store = conversationStore(services.storage);
  const conversation = signal<Conversation>(store.read());
  const draft = signal('');
  const busy = signal(false);
  const prefill = signal<number | null>(null);
  const residence = signal(IDLE);
  const figures = signal(IDLE);
  const announcement = signal('');
  /** The answer whose events count; those of one that was left behind by a new chat do not. */
  let current: symbol | null = null;
  let savedAt = 0;
  let figuresAt = 0;

  function save(): void {
    savedAt = now();
    store.write(conversation.value);
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
      updateAnswer({ content: (conversation.value.at(-1) as Answer).content + event.text });
      if (now() - savedAt >= SAVE_MS) save();
    }
  }

  function showResidence(next: Residence): void {
    residence.value = next;
    if (next.at !== null && now() - figuresAt < FIGURES_MS) return;
    figuresAt = now();
    figures.value = next;
  }

  async function answer(): Promise<void> {
    const run = Symbol('answer');
    current = run;
    busy.value = true;
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
      if (current === run) fail(error);
    } finally {
      busy.value = false;
      prefill.value = null;
      showResidence({ ...residence.value, at: null });
    }
  }

  function finish({ text, finish_reason, statistics }: GenerationResult): void {
    updateAnswer({ content: text, state: 'done', finishReason: finish_reason, statistics });
    announcement.value = text;
    save();
  }

  function fail(error: unknown): void {
    const failure = failureOf(error, 'answer');
    updateAnswer({ state: 'error', failure });
    announcement.value = `${failure.heading}. ${failure.message}`;
    save();
  }

  return {
    conversation,
    draft,
    busy,
    prefill,
    residence,
    figures,
    announcement,
    save,
    async send() {
      const content = draft.value.trim();
      if (content === '' || busy.value) return;
      if (!(await services.ensureEngine())) return;
      draft.value = '';
      conversation.value = [...conversation.value, { role: 'user', content }];
      await answer();
    },
    async stop() {
      // When the worker is gone, `chat` is rejected with the same cause and tells it.
      if (busy.value) await api.stop().catch(() => undefined);
    },
    newChat() {
      if (busy.value) void api.stop().catch(() => undefined);
      current = null;
      conversation.value = [];
      announcement.value = 'New chat.';
      save();
    },
    async answerAgain() {
      if (busy.value || conversation.value.at(-1)?.role !== 'assistant') return;
      if (!(await services.ensureEngine())) return;
      conversation.value = conversation.value.slice(0, -1);
      await answer();
    },
    resetResidence() {
      residence.value = IDLE;
      figures.value = IDLE;
    },
  };
}

/** The conversation as the model reads it; an answer that failed before its first word is left out. */
function toMessages(conversation: Conversation, system: string): ChatMessage[] {
  const turns = conversation
    .filter(({ content }) => content !== '')
    .map(({ role, content }) => ({ role, content }));
  return system.trim() === '' ? turns : [{ role: 'system', content: system }, ...turns];
}
