/**
 * What the page shows.
 * @typedef {object} PageState
 * @property {string | undefined} stage
 * @property {string | null} failure its heading and its message
 * @property {{ doing: string, done: number, total: number } | null} transfer of an import or a check, in bytes
 * @property {AnswerState | null} answer the last one
 * @property {string | undefined} bytesRead grows with every layer that is read
 */

/**
 * @typedef {object} AnswerState
 * @property {string | undefined} state `streaming`, `done` or `error`
 * @property {string} text
 * @property {string} note what stands in place of the first word
 * @property {Readonly<Record<string, string | undefined>> | null} statistics
 */

/**
 * Reads the page; runs inside it.
 * @returns {PageState}
 */
export function readPage() {
  /**
   * @param {string} selector
   * @param {ParentNode | undefined} [within]
   */
  const find = (selector, within = document) =>
    /** @type {HTMLElement | null} */ (within.querySelector(selector));

  const failure = find('[data-testid=error]');
  const transfer = find('[data-testid=import-progress]');
  const answer = [...document.querySelectorAll('[data-testid=answer]')].at(-1);
  const said = [...(failure?.querySelectorAll('h2, p') ?? [])].map(
    ({ textContent }) => textContent,
  );
  return {
    stage: find('[data-stage]')?.dataset.stage,
    failure: failure && said.join(': '),
    transfer: transfer && {
      doing: find('.transfer > .hint')?.textContent ?? '',
      done: Number(transfer.dataset.bytesDone),
      total: Number(transfer.dataset.bytes),
    },
    answer: answer
      ? {
          state: /** @type {HTMLElement} */ (answer).dataset.state,
          text: find('[data-testid=answer-text]', answer)?.dataset.text ?? '',
          note: find('[data-testid=reading]', answer)?.textContent ?? '',
          statistics: { ...find('[data-testid=statistics]', answer)?.dataset },
        }
      : null,
    bytesRead: find('[data-testid=layer-strip]')?.dataset.bytesRead,
  };
}
