/** Texts of tokens that end an answer, whatever else the checkpoint says (llama.cpp's `special_eog_ids`). */
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
  '<｜end▁of▁sentence｜>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
]);
/** With these, `<|end|>` ends a message within an answer (OpenAI's Harmony format). */
const HARMONY = ['<|return|>', '<|call|>'];

/** The ids of tokens that end an answer by their text. */
export function endTokenIds(tokens: readonly string[]): number[] {
  const ids = [...tokens.keys()].filter((id) => END_TOKENS.has(tokens[id]!));
  const harmony = HARMONY.every((text) => ids.some((id) => tokens[id] === text));
  return harmony ? ids.filter((id) => tokens[id] !== '<|end|>') : ids;
}
