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

/** What a checkpoint says about its tokens and its chats: plain data, stored in the pack's manifest. */
export interface TokenizerData {
  /** `tokenizer.ggml.model`; `gpt2` is byte-level BPE. */
  readonly model: 'gpt2';
  /** `tokenizer.ggml.pre`: how text is split before BPE. */
  readonly pre_tokenizer: string;
  readonly tokens: readonly string[];
  /** A `TOKEN_TYPE` per token. */
  readonly token_types: readonly number[];
  /** Merge rules, best first: `left right`. */
  readonly merges: readonly string[];
  readonly bos_token_id: number | null;
  readonly eos_token_id: number | null;
  readonly unknown_token_id: number | null;
  readonly add_bos_token: boolean;
  readonly add_space_prefix: boolean;
  /** Generation ends at any of these. */
  readonly stop_token_ids: readonly number[];
  /** Jinja source; null when the checkpoint has none. */
  readonly chat_template: string | null;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}
