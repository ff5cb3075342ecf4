import type { AnswerStatistics, GenerationResult } from '../worker/protocol.ts';
import { type Failure, INTERRUPTED, remediesFor } from './failures.ts';
import { fieldsOf, type KeyValueStorage, type LocalRecord, localRecord } from './local_record.ts';

export interface Question {
  readonly role: 'user';
  readonly content: string;
}

/** An answer, also one that is still being written or was broken off: the text so far stays. */
export interface Answer {
  readonly role: 'assistant';
  /** What the model thought before it answered; empty when it did not. */
  readonly thinking: string;
  readonly content: string;
  readonly state: 'streaming' | 'done' | 'error';
  readonly finishReason: GenerationResult['finish_reason'] | null;
  readonly statistics: AnswerStatistics | null;
  readonly failure: Failure | null;
}

export type Turn = Question | Answer;
export type Conversation = readonly Turn[];

/** Keeps the conversation over a reload. */
export function conversationStore(storage: KeyValueStorage): LocalRecord<Conversation> {
  return localRecord(storage, 'lamina.conversation', parseConversation, []);
}

/** Keeps the message that is being written over a reload. */
export function draftStore(storage: KeyValueStorage): LocalRecord<string> {
  return localRecord(storage, 'lamina.draft', (json) => (typeof json === 'string' ? json : ''), '');
}

/** @throws TypeError when the record holds anything that is no turn */
function parseConversation(json: unknown): Conversation {
  if (!Array.isArray(json)) throw new TypeError('not a list');
  return json.map((entry: unknown): Turn => {
    const {
      role,
      content,
      thinking: thoughts,
      state,
      finishReason,
      statistics,
      failure,
    } = fieldsOf(entry);
    if (typeof content !== 'string') throw new TypeError('a turn without text');
    if (role === 'user') return { role, content };
    if (role !== 'assistant') throw new TypeError('a turn of nobody');
    const thinking = typeof thoughts === 'string' ? thoughts : '';
    if (state === 'done') {
      return {
        role,
        thinking,
        content,
        state,
        finishReason: isFinishReason(finishReason) ? finishReason : null,
        statistics: parseStatistics(statistics),
        failure: null,
      };
    }
    return {
      role,
      thinking,
      content,
      state: 'error',
      finishReason: null,
      statistics: null,
      failure: parseFailure(failure) ?? INTERRUPTED,
    };
  });
}

function isFinishReason(value: unknown): value is GenerationResult['finish_reason'] {
  return value === 'stop' || value === 'length' || value === 'cancelled';
}

/** The remedies are today's, not those of the version that wrote the record. */
function parseFailure(json: unknown): Failure | null {
  const { name, heading, message } = (json ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof heading !== 'string' || typeof message !== 'string') {
    return null;
  }
  return { name, heading, message, remedies: remediesFor(name, 'answer') };
}

const FIGURES = [
  'prompt_tokens',
  'cached_tokens',
  'completion_tokens',
  'time_to_first_token_ms',
  'tokens_per_second',
  'prefill_tokens_per_second',
  'peak_weight_bytes',
  'bytes_read',
  'largest_layer_bytes',
] as const;

function parseStatistics(json: unknown): AnswerStatistics | null {
  const statistics = (json ?? {}) as Partial<AnswerStatistics>;
  const whole =
    FIGURES.every((figure) => typeof statistics[figure] === 'number') &&
    typeof statistics.adapter === 'string';
  if (!whole) return null;
  return { ...(statistics as AnswerStatistics), predicted: parsePredicted(statistics.predicted) };
}

function parsePredicted(json: unknown): AnswerStatistics['predicted'] {
  const { tokens_per_second, time_to_first_token_ms } = (json ?? {}) as Record<string, unknown>;
  return typeof tokens_per_second === 'number' && typeof time_to_first_token_ms === 'number'
    ? { tokens_per_second, time_to_first_token_ms }
    : null;
}
