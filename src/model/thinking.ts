import type { TokenizerData } from './tokenizer_data.ts';

type Part = 'thinking' | 'answer';

/** A text that is no part of what a model says, but tells what follows. */
interface Mark {
  readonly text: string;
  /** Where it counts; elsewhere it is a text like others. Everywhere unless given. */
  readonly within?: Part;
  /** What follows; without, what was before it. */
  readonly next?: Part;
}

/** How a model tells its thoughts from its answer. */
export interface ThinkingFormat {
  readonly marks: readonly Mark[];
  /** Tokens that make marks, and so have a text, also where they are control tokens. */
  readonly tokens: readonly string[];
}

const between = (start: string, end: string): ThinkingFormat => ({
  marks: [
    { text: start, within: 'answer', next: 'thinking' },
    { text: end, within: 'thinking', next: 'answer' },
  ],
  tokens: [start, end],
});

/** OpenAI's Harmony format: messages with a channel each, of which one is the answer. */
const HARMONY: ThinkingFormat = {
  marks: [
    { text: '<|start|>assistant' },
    { text: '<|channel|>analysis<|message|>', next: 'thinking' },
    { text: '<|channel|>commentary<|message|>', next: 'thinking' },
    { text: '<|channel|>final<|message|>', next: 'answer' },
  ],
  tokens: ['<|start|>', '<|channel|>', '<|message|>'],
};

const FORMATS: readonly ThinkingFormat[] = [
  HARMONY,
  between('<think>', '</think>'),
  between('<thinking>', '</thinking>'),
  between('<thought>', '</thought>'),
  between('<seed:think>', '</seed:think>'),
  between('[THINK]', '[/THINK]'),
  between('<|START_THINKING|>', '<|END_THINKING|>'),
  between('<|begin_of_thought|>', '<|end_of_thought|>'),
];

/** How a model thinks: its marks are tokens of its own, or its template writes the last of them; null when it does not. */
export function thinkingFormat({
  tokens,
  chat_template,
}: Pick<TokenizerData, 'tokens' | 'chat_template'>): ThinkingFormat | null {
  const found = FORMATS.find(
    (format) =>
      chat_template?.includes(format.marks.at(-1)!.text) ||
      format.tokens.every((token) => tokens.includes(token)),
  );
  return found ?? null;
}

export interface ThinkingParts {
  readonly thinking: string;
  readonly answer: string;
}

export interface ThinkingReader {
  /** What a piece of the generated text adds; what may yet become a mark is held back. */
  push(text: string): ThinkingParts;
  /** What was held back. */
  end(): ThinkingParts;
}

/**
 * Tells thinking from answer while a text is generated.
 * @param prompt what the text follows: some templates begin the thinking themselves
 */
export function createThinkingReader({ marks }: ThinkingFormat, prompt: string): ThinkingReader {
  const begun = prompt.trimEnd();
  let part: Part = marks.some(({ text, next }) => next === 'thinking' && begun.endsWith(text))
    ? 'thinking'
    : 'answer';
  let held = '';

  const read = (isLast: boolean): ThinkingParts => {
    const parts = { thinking: '', answer: '' };
    for (;;) {
      const counting = marks.filter(({ within = part }) => within === part);
      const found = firstOf(counting, held);
      if (!found) {
        const kept = isLast ? 0 : Math.max(...counting.map(({ text }) => overlap(held, text)));
        const safe = held.length - kept;
        parts[part] += held.slice(0, safe);
        held = held.slice(safe);
        return parts;
      }
      parts[part] += held.slice(0, found.at);
      held = held.slice(found.at + found.mark.text.length);
      part = found.mark.next ?? part;
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

function firstOf(marks: readonly Mark[], text: string): { mark: Mark; at: number } | undefined {
  const found = marks.map((mark) => ({ mark, at: text.indexOf(mark.text) }));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0];
}

/** How many characters at the end of a text begin a mark. */
function overlap(text: string, mark: string): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length--) {
    if (text.endsWith(mark.slice(0, length))) return length;
  }
  return 0;
}
