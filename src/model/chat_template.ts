import { Template } from '@huggingface/jinja';
import { ChatTemplateError, ChatTemplateMissingError } from './errors.ts';
import { lineOfRenderError, lineOfSyntaxError } from './template_line.ts';
import type { ChatMessage, TokenizerData } from './tokenizer_data.ts';

export interface ChatTemplateOptions {
  /** End with the words that make the assistant speak. */
  readonly add_generation_prompt: boolean;
  /** Further variables that some templates know, such as `enable_thinking`. */
  readonly [variable: string]: unknown;
}

/**
 * A conversation as the text that the model was trained on; encode it with special tokens.
 * @throws ChatTemplateMissingError, ChatTemplateError
 */
export function renderChat(
  data: TokenizerData,
  messages: readonly ChatMessage[],
  options: ChatTemplateOptions,
): string {
  const source = data.chat_template;
  if (source === null) throw new ChatTemplateMissingError();
  const token = (id: number | null): string => (id === null ? '' : data.tokens[id]!);
  // The library brings `raise_exception` and `strftime_now` along.
  const variables = {
    ...options,
    messages,
    bos_token: token(data.bos_token_id),
    eos_token: token(data.eos_token_id),
  };
  const template = orFail(
    () => new Template(source),
    (reason) => lineOfSyntaxError(source, reason),
  );
  return orFail(
    () => template.render(variables),
    (reason) => lineOfRenderError(source, variables, reason),
  );
}

function orFail<T>(action: () => T, lineOf: (reason: string) => number | null): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ChatTemplateError({ reason, line: lineOf(reason) }, error);
  }
}
