import { thinkingFormat } from './thinking.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

/** A character that Unicode keeps out of texts: put into the name of a control token, it makes plain text of it. */
export const GUARD = '\ufdd0';

/**
 * Guards texts of other people: a name of a control token in them stays plain text, though the conversation around
 * them is encoded with control tokens (the tokenizer takes the guard away again).
 * @returns the same value with all strings in it guarded
 */
export function createGuard(data: TokenizerData): <T>(value: T, isOwnAnswer: boolean) => T {
  const { tokens, token_types } = data;
  const types: readonly number[] = [TOKEN_TYPE.control, TOKEN_TYPE.unknown];
  const names = tokens.filter((token, id) => token !== '' && types.includes(token_types[id]!));
  const marks = thinkingFormat(data)?.tokens ?? [];
  // In an answer of the model these are its own.
  const inAnswer = names.filter((name) => !marks.includes(name));
  const foreign = guardOf(names);
  const own = guardOf(inAnswer);
  return (value, isOwnAnswer) => mapStrings(value, isOwnAnswer ? own : foreign);
}

type Guard = (text: string) => string;

function guardOf(names: readonly string[]): Guard {
  if (names.length === 0) return (text) => text;
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  // After the first character of each name, overlapping ones too.
  const starts = new RegExp(`(?=${escaped.join('|')})[^]`, 'gu');
  return (text) => text.replaceAll(GUARD, '').replace(starts, `$&${GUARD}`);
}

function mapStrings<T>(value: T, guard: Guard): T {
  if (typeof value === 'string') return guard(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, guard)) as T;
  const fields = Object.entries(value).map(([key, item]) => [key, mapStrings(item, guard)]);
  return Object.fromEntries(fields) as T;
}
