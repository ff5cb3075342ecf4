import { Template } from '@huggingface/jinja';
import { createGuard } from './control_guard.ts';
import { ChatTemplateError, ChatTemplateMissingError } from './errors.ts';
import { strftime } from './strftime.ts';
import { lineOfRenderError, lineOfSyntaxError } from './template_line.ts';
import type { ChatMessage, TokenizerData } from './tokenizer_data.ts';

/** A function that the model may call, in OpenAI's terms. */
export interface Tool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** A JSON Schema. */
    readonly parameters?: object;
  };
}

export interface ChatTemplateOptions {
  /** End with the words that make the assistant speak. */
  readonly add_generation_prompt: boolean;
  /** A checkpoint's template for tools is used when there are some. */
  readonly tools?: readonly Tool[];
  /** Further variables that some templates know, such as `enable_thinking`. */
  readonly [variable: string]: unknown;
}

/** The library's `strftime_now` speaks the user's language, and cannot be replaced but by another name. */
const DATE_FUNCTION = 'strftime_now';
const OUR_DATE_FUNCTION = 'strftime_in_english';

/**
 * A conversation as the text that the model was trained on; encode it with special tokens. Where a message or a tool
 * names a control token, the name is guarded: it will be encoded as plain text.
 * @throws ChatTemplateMissingError, ChatTemplateError
 */
export function renderChat(
  data: TokenizerData,
  messages: readonly ChatMessage[],
  options: ChatTemplateOptions,
): string {
  const { tools = [] } = options;
  const found = (tools.length > 0 ? data.tool_use_template : null) ?? data.chat_template;
  if (found === null) throw new ChatTemplateMissingError();
  // Jinja knows one kind of line end, whatever the file was written with.
  const source = found.replace(/\r\n?/g, '\n').replaceAll(DATE_FUNCTION, OUR_DATE_FUNCTION);
  const guard = createGuard(data);
  const token = (id: number | null): string => (id === null ? '' : data.tokens[id]!);
  // The library brings `raise_exception` along.
  const variables = {
    ...options,
    messages: messages.map((message) => ({
      ...guard(message, message.role === 'assistant'),
      role: message.role,
    })),
    // As in transformers, `tools` is defined, and none where there are none.
    tools: tools.length > 0 ? guard(tools, false) : null,
    [OUR_DATE_FUNCTION]: (format: string) => strftime(new Date(), format),
    bos_token: token(data.bos_token_id),
    eos_token: token(data.eos_token_id),
    unk_token: token(data.unknown_token_id),
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
