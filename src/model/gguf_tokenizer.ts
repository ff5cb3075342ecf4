import type { Checkpoint } from '../formats/checkpoint.ts';
import { UnsupportedTokenizerError } from './errors.ts';
import { Metadata } from './metadata.ts';
import { findPreTokenizer } from './pre_tokenizers.ts';
import { TOKEN_TYPE, type TokenizerData } from './tokenizer_data.ts';

const TOKENS = 'tokenizer.ggml.tokens';
const TYPES = 'tokenizer.ggml.token_type';
const MERGES = 'tokenizer.ggml.merges';

/** Texts of tokens that end an answer, whatever else the metadata says (llama.cpp's `special_eog_ids`). */
const END_TOKENS: ReadonlySet<string> = new Set([
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
]);

/**
 * What a GGUF file says about its tokens.
 * @param vocab_size rows of the embedding; there may be fewer tokens, never more
 * @throws UnsupportedTokenizerError, UnknownPreTokenizerError, MissingMetadataError, InvalidMetadataError
 */
export function readTokenizer(checkpoint: Checkpoint, vocab_size: number): TokenizerData {
  const metadata = new Metadata(checkpoint);
  const model = metadata.string('tokenizer.ggml.model');
  if (model !== 'gpt2') {
    throw new UnsupportedTokenizerError({ source: checkpoint.source.name, model });
  }
  const pre_tokenizer = metadata.string('tokenizer.ggml.pre');
  const { add_bos } = findPreTokenizer(pre_tokenizer);

  const tokens = metadata.strings(TOKENS);
  if (tokens.length === 0 || tokens.length > vocab_size) {
    const reason = `holds ${tokens.length} tokens for an embedding with ${vocab_size} rows`;
    metadata.fail(TOKENS, reason);
  }
  const token_types = metadata.integers(TYPES, 0, 6);
  if (token_types.length !== tokens.length) {
    metadata.fail(TYPES, `holds ${token_types.length} types for ${tokens.length} tokens`);
  }
  const tokenId = (name: string): number | null =>
    metadata.integer(`tokenizer.ggml.${name}_token_id`, 0, tokens.length - 1, null);
  const bos_token_id = tokenId('bos');
  const eos_token_id = tokenId('eos');

  const stop_token_ids = new Set([eos_token_id, tokenId('eot'), tokenId('eom')]);
  for (const [id, token] of tokens.entries()) {
    if (!END_TOKENS.has(token)) continue;
    stop_token_ids.add(id);
    // Some converters leave the type at "normal", and the token would show in the answer.
    token_types[id] = TOKEN_TYPE.control;
  }
  return {
    model,
    pre_tokenizer,
    tokens,
    token_types,
    merges: readMerges(metadata),
    bos_token_id,
    eos_token_id,
    unknown_token_id: tokenId('unknown'),
    add_bos_token: metadata.boolean('tokenizer.ggml.add_bos_token', add_bos),
    add_space_prefix: metadata.boolean('tokenizer.ggml.add_space_prefix', false),
    stop_token_ids: [...stop_token_ids].filter((id) => id !== null).toSorted((a, b) => a - b),
    chat_template: metadata.string('tokenizer.chat_template', null),
  };
}

function readMerges(metadata: Metadata): string[] {
  const merges = metadata.strings(MERGES);
  const broken = merges.findIndex((merge) => !/^[^ ]+ [^ ]+$/.test(merge));
  if (broken >= 0) {
    metadata.fail(MERGES, `holds no pair of tokens with one space between at index ${broken}`);
  }
  return merges;
}
