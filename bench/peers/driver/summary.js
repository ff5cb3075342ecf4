/**
 * @typedef {object} Statistic
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * @typedef {object} Summary
 * @property {Statistic | null} ttftMs milliseconds from the request to the first token
 * @property {Statistic | null} prefillTokS tokens of the prompt per second until then
 * @property {Statistic | null} decodeTokS tokens per second after the first
 */

/**
 * @param {readonly import('../pages/peer.ts').Run[]} runs
 * @param {number} promptTokens
 * @returns {Summary} null where there is nothing
 */
export function summarize(runs, promptTokens) {
  return {
    ttftMs: statistic(runs.map(({ ttftMs }) => ttftMs)),
    prefillTokS: statistic(runs.map(({ ttftMs }) => (promptTokens / ttftMs) * 1000)),
    decodeTokS: statistic(runs.map(({ chunks, decodeMs }) => ((chunks - 1) / decodeMs) * 1000)),
  };
}

/**
 * @param {readonly number[]} values
 * @returns {Statistic | null}
 */
export function statistic(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return null;
  const half = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[half]);
  const lower = /** @type {number} */ (sorted[sorted.length - 1 - half]);
  return { median: (lower + upper) / 2, min, max };
}
