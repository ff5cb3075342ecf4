import { TokenizerMissingError } from './errors.ts';
import type { Component } from './tokenizer_components.ts';

/** `llama_token_type` of llama.cpp. */
export const TOKEN_TYPE = {
  undefined: 0,
  normal: 1,
  unknown: 2,
  control: 3,
  user_defined: 4,
  unused: 5,
  byte: 6,
} as const;

/**
 * What a checkpoint says about its tokens and its chats, in the terms of Hugging Face's `tokenizer.json` whether it
 * came from there or from a GGUF file: plain data, stored in the pack's manifest.
 */
export interface TokenizerData {
  /** How a word becomes tokens: by merging pairs, or by the likeliest split (SentencePiece's two ways). */
  readonly model: 'BPE' | 'Unigram';
  /** How tokens write text: bytes as printable characters (GPT-2), or spaces as `▁` (SentencePiece). */
  readonly alphabet: 'byte_level' | 'metaspace';
  /** What is done to a text first, and how it is then cut into words. */
  readonly normalizer: Component | null;
  readonly pre_tokenizer: Component | null;
  /** By id; the empty text where an id has no token. */
  readonly tokens: readonly string[];
  /** A `TOKEN_TYPE` per token. */
  readonly token_types: readonly number[];
  /** Added tokens that take the whitespace before, or after, with them. */
  readonly lstrip_token_ids: readonly number[];
  readonly rstrip_token_ids: readonly number[];
  /** BPE: merge rules, best first: `left right`. */
  readonly merges: readonly string[];
  /** Unigram: a log-probability per token. */
  readonly scores: readonly number[];
  /** BPE: a word that is a token needs no merging. */
  readonly ignore_merges: boolean;
  /** BPE: a character without a token becomes `<0x..>` tokens of its bytes. */
  readonly byte_fallback: boolean;
  readonly bos_token_id: number | null;
  readonly eos_token_id: number | null;
  readonly unknown_token_id: number | null;
  readonly add_bos_token: boolean;
  readonly add_eos_token: boolean;
  /** Encoding puts a space before a text; decoding takes it away again. */
  readonly add_space_prefix: boolean;
  /** Generation ends at any of these. */
  readonly stop_token_ids: readonly number[];
  /** Jinja source; null when the checkpoint has none. */
  readonly chat_template: string | null;
  /** The template for conversations with tools, where that is another one. */
  readonly tool_use_template: string | null;
}

/** @throws TokenizerMissingError */
export function tokenizerOf({
  name: model,
  tokenizer,
}: {
  readonly name: string;
  readonly tokenizer: TokenizerData | null;
}): TokenizerData {
  if (!tokenizer) throw new TokenizerMissingError({ model });
  return tokenizer;
}

/** A function that the model calls in an answer, in OpenAI's terms. */
export interface ToolCall {
  readonly id?: string;
  readonly type: 'function';
  /** `arguments`: an object, since templates print it as JSON. */
  readonly function: { readonly name: string; readonly arguments: object };
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Of an assistant: what it thought before it answered, without the markers. */
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCall[];
  /** Of a tool: which call this answers, and the function's name. */
  readonly tool_call_id?: string;
  readonly name?: string;
}
