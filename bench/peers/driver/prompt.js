import { ScriptError } from '../../../scripts/script_error.js';

/** Herman Melville, Moby-Dick (1851): in the public domain. */
const PASSAGE = `Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself growing grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I find myself involuntarily pausing before coffin warehouses, and bringing up the rear of every funeral I meet; and especially whenever my hypos get such an upper hand of me, that it requires a strong moral principle to prevent me from deliberately stepping into the street, and methodically knocking people's hats off, then, I account it high time to get to sea as soon as I can. `;

/** What may fill the last tokens; one of them is a token by itself in any vocabulary. */
const FILLERS = [' the', ' a', '!', '.'];

/**
 * The beginning of the passage, over and over where it is too short, that has exactly so many tokens.
 * @param {number} tokens
 * @param {(prompt: string) => Promise<number>} countTokens
 * @returns {Promise<string>}
 * @throws ScriptError when no text has that many
 */
export async function fitPrompt(tokens, countTokens) {
  // A word has at least one token.
  const words = PASSAGE.repeat(Math.ceil(tokens / PASSAGE.split(' ').length) + 1).split(' ');
  const beginning = (/** @type {number} */ count) => words.slice(0, count).join(' ');
  let fits = 0;
  let tooLong = tokens + 1;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if ((await countTokens(beginning(middle))) <= tokens) fits = middle;
    else tooLong = middle;
  }
  let prompt = beginning(fits);
  for (let count = fits === 0 ? 0 : await countTokens(prompt); count < tokens; ) {
    let longer = 0;
    for (const filler of FILLERS) {
      longer = await countTokens(prompt + filler);
      if (longer > count && longer <= tokens) {
        prompt += filler;
        break;
      }
    }
    if (longer <= count || longer > tokens) {
      throw new ScriptError(
        `No prompt of exactly ${tokens} tokens was found. Choose another number with --prompt-tokens.`,
      );
    }
    count = longer;
  }
  return prompt;
}
