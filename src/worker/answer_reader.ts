import { renderChat } from '../model/chat_template.ts';
import { createThinkingReader, type ThinkingParts, thinkingFormat } from '../model/thinking.ts';
import type { ChatMessage, TokenizerData } from '../model/tokenizer_data.ts';

/** Tells what a model answers from what it thinks before; of a model that does not think all is the answer. */
export interface AnswerReader {
  /** What a piece of the generated text adds. */
  push(text: string): ThinkingParts;
  /** What was held back, as it might have become a mark. */
  end(): ThinkingParts;
}

/** @throws ChatTemplateMissingError, ChatTemplateError */
export function createAnswerReader(
  data: TokenizerData,
  messages: readonly ChatMessage[],
): AnswerReader {
  const format = thinkingFormat(data);
  if (!format) {
    return {
      push: (text) => ({ thinking: '', answer: text }),
      end: () => ({ thinking: '', answer: '' }),
    };
  }
  const prompt = renderChat(data, messages, { add_generation_prompt: true });
  const reader = createThinkingReader(format, prompt);
  const begun = { thinking: false, answer: false };
  // The line ends around marks belong to neither.
  const trim = (part: keyof ThinkingParts, text: string): string => {
    const rest = begun[part] ? text : text.trimStart();
    begun[part] ||= rest !== '';
    return rest;
  };
  const trimmed = ({ thinking, answer }: ThinkingParts): ThinkingParts => ({
    thinking: trim('thinking', thinking),
    answer: trim('answer', answer),
  });
  return { push: (text) => trimmed(reader.push(text)), end: () => trimmed(reader.end()) };
}
