import type { TokenizerData } from './tokenizer_data.ts';

/** The words between which a model thinks before it answers. */
export interface ThinkingMarkers {
  readonly start: string;
  readonly end: string;
}

const MARKERS: readonly ThinkingMarkers[] = [
  { start: '<think>', end: '</think>' },
  { start: '<thinking>', end: '</thinking>' },
  { start: '<thought>', end: '</thought>' },
  { start: '<seed:think>', end: '</seed:think>' },
  { start: '[THINK]', end: '[/THINK]' },
  { start: '<|START_THINKING|>', end: '<|END_THINKING|>' },
  { start: '<|begin_of_thought|>', end: '<|end_of_thought|>' },
];

/** The markers that a model uses: both are tokens of its own, or its template writes the end; null when it has none. */
export function thinkingMarkers({
  tokens,
  chat_template,
}: Pick<TokenizerData, 'tokens' | 'chat_template'>): ThinkingMarkers | null {
  const found = MARKERS.find(
    ({ start, end }) =>
      chat_template?.includes(end) || (tokens.includes(start) && tokens.includes(end)),
  );
  return found ?? null;
}

export interface ThinkingParts {
  readonly thinking: string;
  readonly answer: string;
}

export interface ThinkingReader {
  /** What a piece of the generated text adds; what may yet become a marker is held back. */
  push(text: string): ThinkingParts;
  /** What was held back. */
  end(): ThinkingParts;
}

/**
 * Tells thinking from answer while a text is generated.
 * @param prompt what the text follows: some templates begin the thinking themselves
 */
export function createThinkingReader(
  { start, end }: ThinkingMarkers,
  prompt: string,
): ThinkingReader {
  let isThinking = prompt.trimEnd().endsWith(start);
  let held = '';

  const read = (isLast: boolean): ThinkingParts => {
    const parts = { thinking: '', answer: '' };
    const add = (text: string): void => {
      parts[isThinking ? 'thinking' : 'answer'] += text;
    };
    for (;;) {
      const marker = isThinking ? end : start;
      const at = held.indexOf(marker);
      if (at < 0) {
        const safe = isLast ? held.length : held.length - overlap(held, marker);
        add(held.slice(0, safe));
        held = held.slice(safe);
        return parts;
      }
      add(held.slice(0, at));
      held = held.slice(at + marker.length);
      isThinking = !isThinking;
    }
  };
  return {
    push: (text) => {
      held += text;
      return read(false);
    },
    end: () => read(true),
  };
}

/** How many characters at the end of a text begin a marker. */
function overlap(text: string, marker: string): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return length;
  }
  return 0;
}
