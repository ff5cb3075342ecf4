import { ensureBrowser } from '../browser/ensure_browser.js';
import { ScriptError } from '../script_error.js';
import { duration, megabytes, say } from '../terminal.js';
import { askPage } from './ask_page.js';
import { openBrowser } from './open_browser.js';
import { browserProfile } from './profile.js';

/**
 * Asks the served page in a browser without a window. The answer goes to standard output as it comes, then its
 * figures.
 * @param {import('../server/listen.js').RunningServer} server
 * @param {string} model path
 * @param {string} question
 * @throws ScriptError when there is no answer
 */
export async function ask({ url, port }, model, question) {
  const browser = await ensureBrowser();
  const profile = await browserProfile(model, port);
  say(`Opening ${url} in ${browser} …`);
  const context = await openBrowser(browser, profile, url);
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => say(`The page reports: ${error.message}`));
    await page.goto(url);
    const answer = await askPage(page, question, {
      onText: (text) => void process.stdout.write(text),
    });
    process.stdout.write('\n\n');
    if (answer.text.trim() === '') throw new ScriptError('The model answered nothing.');
    console.log(figures(answer.statistics ?? {}));
  } finally {
    await context.close();
  }
}

/** @param {NonNullable<import('./page_state.js').AnswerState['statistics']>} statistics */
function figures(statistics) {
  const number = (/** @type {string} */ name) => Number(statistics[name]);
  return [
    `${number('tokensPerSecond').toFixed(1)} tokens/s`,
    `first token after ${duration(number('timeToFirstTokenMs'))}`,
    `${number('completionTokens')} tokens`,
    `weights on the GPU at most ${megabytes(number('peakWeightBytes'))}`,
    `largest layer ${megabytes(number('largestLayerBytes'))}`,
    `read ${megabytes(number('bytesRead'))}`,
    statistics.adapter,
  ].join(' · ');
}
