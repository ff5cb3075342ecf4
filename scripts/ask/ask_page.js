import { ScriptError } from '../script_error.js';
import { duration, progressLine, say, share } from '../terminal.js';
import { readPage } from './page_state.js';

const POLL_MS = 100;
const PATIENCE_MS = 180_000;

/** @typedef {import('./page_state.js').PageState} PageState */
/** @typedef {import('./page_state.js').AnswerState} AnswerState */

/**
 * Asks the chat page as a person does: takes the model that it offers where none is here, begins a new chat, and
 * sends the question.
 * @param {import('@playwright/test').Page} page at the chat page
 * @param {string} question
 * @param {object} options
 * @param {(text: string) => void} options.onText what has been added to the answer
 * @param {number} [options.patience] milliseconds without any progress after which it is given up
 * @returns {Promise<AnswerState>} the whole answer
 * @throws ScriptError in the page's own words when it fails
 */
export async function askPage(page, question, { onText, patience = PATIENCE_MS }) {
  const watch = watcher(page, patience);
  const line = progressLine();
  try {
    const stage = await watch(async (state) => {
      if (state.transfer) line.show(transferLine(state.transfer));
      return state.failure === null && state.stage === 'welcome' ? 'welcome' : ready(state);
    });
    if (stage === 'welcome') {
      line.end();
      say('Importing the model into the browser …');
      await page.getByTestId('import-default').click();
      await watch(async (state) => {
        if (state.transfer) line.show(transferLine(state.transfer));
        return ready(state);
      });
    }
    line.end();

    const newChat = page.getByTestId('new-chat');
    if (await newChat.isEnabled()) await newChat.click();
    await watch(async ({ answer }) => answer === null || undefined);
    await page.getByTestId('composer').fill(question);
    await page.getByTestId('send').click();
    let told = '';
    return await watch(async ({ answer, failure }) => {
      if (answer?.note) line.show(answer.note);
      if (answer && answer.text !== told) {
        line.end();
        // At the end the page puts the text as a whole in place of its pieces.
        onText(answer.text.startsWith(told) ? answer.text.slice(told.length) : `\n${answer.text}`);
        told = answer.text;
      }
      if (answer?.state === 'done') return answer;
      if (failure !== null) throw new ScriptError(failure);
    });
  } finally {
    line.end();
  }
}

/**
 * @param {PageState} state
 * @returns {'ready' | undefined} undefined: not yet
 * @throws ScriptError
 */
function ready({ stage, failure }) {
  if (failure !== null) throw new ScriptError(failure);
  return stage === 'ready' ? 'ready' : undefined;
}

/**
 * Looks at the page again and again until a function has found what it wants.
 * @param {import('@playwright/test').Page} page
 * @param {number} patience
 */
function watcher(page, patience) {
  /** @type {Promise<never>} */
  const crashed = new Promise((_, reject) => {
    page.once('crash', () => {
      reject(
        new ScriptError(
          'The page crashed. This happens when memory is short, and on systems without any font: close other programs, or install a font (on Debian: apt-get install fonts-dejavu-core), and try again.',
        ),
      );
    });
  });
  crashed.catch(() => undefined);
  /**
   * @template T
   * @param {(state: PageState) => Promise<T | undefined>} find
   * @returns {Promise<T>}
   */
  return async (find) => {
    let last = '';
    let changedAt = performance.now();
    for (;;) {
      const state = await Promise.race([page.evaluate(readPage), crashed]);
      const found = await find(state);
      if (found !== undefined) return found;
      const now = performance.now();
      const seen = JSON.stringify(state);
      if (seen !== last) changedAt = now;
      last = seen;
      if (now - changedAt > patience) {
        throw new ScriptError(
          `Nothing has happened in the page for ${duration(patience)} (stage: ${state.stage ?? 'none'}). Try again; if it happens again, "npm start" shows the page itself.`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
}

/** @param {NonNullable<PageState['transfer']>} transfer */
function transferLine({ doing, done, total }) {
  return `${doing}: ${share(done, total)}`;
}
