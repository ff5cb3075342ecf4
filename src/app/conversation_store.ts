import type { GenerationResult, GenerationStatistics } from '../worker/protocol.ts';
import { type Failure, INTERRUPTED } from './failures.ts';
import { fieldsOf, type KeyValueStorage, type LocalRecord, localRecord } from './local_record.ts';

export interface Question {
  readonly role: 'user';
  readonly content: string;
}

/** An answer, also one that is still being written or was broken off: the text so far stays. */
export interface Answer {
  readonly role: 'assistant';
  readonly content: string;
  readonly state: 'streaming' | 'done' | 'error';
  readonly finishReason: GenerationResult['finish_reason'] | null;
  readonly statistics: GenerationStatistics | null;
  readonly failure: Failure | null;
}

export type Turn = Question | Answer;
export type Conversation = readonly Turn[];

/** Keeps the conversation over a reload. */
export function conversationStore(storage: KeyValueStorage): LocalRecord<Conversation> {
  return localRecord(storage, 'lamina.conversation', parseConversation, []);
}

/** @throws TypeError when the record holds anything that is no turn */
function parseConversation(json: unknown): Conversation {
  if (!Array.isArray(json)) throw new TypeError('not a list');
  return json.map((entry: unknown): Turn => {
    const { role, content, state, finishReason, statistics, failure } = fieldsOf(entry);
    if (typeof content !== 'string') throw new TypeError('a turn without text');
    if (role === 'user') return { role, content };
    if (role !== 'assistant') throw new TypeError('a turn of nobody');
    if (state === 'done') {
      return {
        role,
        content,
        state,
        finishReason: isFinishReason(finishReason) ? finishReason : null,
        statistics: parseStatistics(statistics),
        failure: null,
      };
    }
    const told = isFailure(failure) ? failure : INTERRUPTED;
    return {
      role,
      content,
      state: 'error',
      finishReason: null,
      statistics: null,
      failure: { ...told, remedies: ['answer-again'] },
    };
  });
}

function isFinishReason(value: unknown): value is GenerationResult['finish_reason'] {
  return value === 'stop' || value === 'length' || value === 'cancelled';
}

function isFailure(value: unknown): value is Failure {
  const { name, heading, message } = (value ?? {}) as Record<string, unknown>;
  return [name, heading, message].every((text) => typeof text === 'string');
}

const FIGURES = [
  'prompt_tokens',
  'completion_tokens',
  'time_to_first_token_ms',
  'tokens_per_second',
  'prefill_tokens_per_second',
  'peak_weight_bytes',
  'bytes_read',
  'largest_layer_bytes',
] as const;

function parseStatistics(json: unknown): GenerationStatistics | null {
  const statistics = (json ?? {}) as Partial<GenerationStatistics>;
  const whole =
    FIGURES.every((figure) => typeof statistics[figure] === 'number') &&
    typeof statistics.adapter === 'string';
  return whole ? (statistics as GenerationStatistics) : null;
}
