import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openBrowser } from '../../../scripts/ask/open_browser.js';
import { ScriptError } from '../../../scripts/script_error.js';

const READY_MS = 60_000;
/** More than any disk has: it is the disk that ends an import. */
const QUOTA_BYTES = 2 ** 50;

/**
 * @typedef {object} Place
 * @property {string} browser path
 * @property {string} profiles folder
 * @property {string} url of the pages
 */

/** A page of one runtime in a browser of its own, and what it said. */
export class PeerPage {
  /** What the browser's console shows. @type {string[]} */
  console = [];
  /** @type {import('@playwright/test').Page | null} */
  #page = null;
  #context;
  #url;
  #timeoutMs;

  /**
   * @param {import('@playwright/test').BrowserContext} context
   * @param {string} url
   * @param {number} timeoutMs
   */
  constructor(context, url, timeoutMs) {
    this.#context = context;
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param {import('./configs.js').Config['page']} page
   * @param {Place} place
   * @param {number} timeoutMs for each call
   */
  static async open(page, { browser, profiles, url }, timeoutMs) {
    const profile = await mkdtemp(join(profiles, `${page}-`));
    const context = await openBrowser(browser, profile, url);
    return new PeerPage(context, new URL(`${page}.html`, url).href, timeoutMs);
  }

  /** Opens the page, anew when it is open. */
  async reload() {
    await this.#page?.close();
    const page = await this.#context.newPage();
    page.on('console', (message) => this.console.push(message.text()));
    page.on('pageerror', (error) => this.console.push(String(error.stack)));
    page.on('crash', () => this.console.push('The page has crashed.'));
    // As long as this session lasts. A browser leaves a page a share of the disk, and models may be larger than that.
    const session = await this.#context.newCDPSession(page);
    const { origin } = new URL(this.#url);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA_BYTES });
    await page.goto(this.#url);
    await page.waitForFunction(() => window.peerReady, null, { timeout: READY_MS });
    this.#page = page;
  }

  /**
   * Calls `window.peer`.
   * @template {keyof import('../pages/peer.ts').Peer} Name
   * @param {Name} name
   * @param {Parameters<import('../pages/peer.ts').Peer[Name]>[0]} [argument]
   * @returns {Promise<Awaited<ReturnType<import('../pages/peer.ts').Peer[Name]>>>}
   * @throws ScriptError when there is no answer in time
   */
  async call(name, argument) {
    const page = /** @type {import('@playwright/test').Page} */ (this.#page);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        const seconds = this.#timeoutMs / 1000;
        reject(new ScriptError(`${name}: no answer in ${seconds} s. --timeout gives it more.`));
      }, this.#timeoutMs);
    });
    const answer = page.evaluate(
      ([name, argument]) => /** @type {any} */ (window.peer)[name](argument),
      /** @type {[string, unknown]} */ ([name, argument]),
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close() {
    await this.#context.close();
  }
}
