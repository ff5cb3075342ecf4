import { loadavg } from 'node:os';
import { reasonOf } from '../../../scripts/script_error.js';
import { say } from '../../../scripts/terminal.js';
import { PeerPage } from './peer_page.js';
import { fitPrompt } from './prompt.js';
import { MODEL_PREFIX } from './serve.js';

/**
 * What one configuration did.
 * @typedef {object} Measured
 * @property {import('./configs.js').Config} config
 * @property {object | null} env
 * @property {import('../pages/peer.ts').LoadReport | null} cold the first load, from the server
 * @property {import('../pages/peer.ts').LoadReport | null} warm the load after a reload, from what the browser keeps
 * @property {(import('../pages/peer.ts').Run & { load: number })[]} runs `load`: the machine's load average
 * @property {{ ids: number[], text: string } | null} greedy
 * @property {string | null} error
 * @property {string[]} log
 */

/**
 * Loads every configuration, each in a browser of its own, warms it up, and then runs one after the other, round by
 * round: what disturbs the machine for a while disturbs all alike. A configuration that fails drops out.
 * @param {import('./options.js').Options} options
 * @param {import('./peer_page.js').Place} place
 * @returns {Promise<{ prompt: string, measured: Measured[] }>}
 */
export async function runInTurn(options, place) {
  const { configs, promptTokens, decode, repeat } = options;
  /** @type {{ measured: Measured, page: PeerPage | null }[]} */
  const peers = configs.map((config) => ({
    measured: {
      config,
      env: null,
      cold: null,
      warm: null,
      runs: [],
      greedy: null,
      error: null,
      log: [],
    },
    page: null,
  }));
  let prompt = '';

  /** @param {(peer: Measured, page: PeerPage) => Promise<void>} step */
  const each = async (step) => {
    for (const peer of peers) {
      const { measured } = peer;
      if (measured.error !== null) continue;
      try {
        peer.page ??= await PeerPage.open(measured.config.page, place, options.timeoutMs);
        await step(measured, peer.page);
      } catch (error) {
        measured.error = reasonOf(error);
        say(`${measured.config.config}: ${measured.error}`);
      }
    }
  };
  /** @param {PeerPage} page */
  const generate = (page) => page.call('generate', { prompt, tokens: decode });

  try {
    await each(async (measured, page) => {
      const { config } = measured;
      const model = {
        modelUrl: modelUrl(options, config, place),
        options: config.options,
      };
      await page.reload();
      measured.env = await page.call('env');
      measured.cold = await page.call('load', model);
      if (prompt === '') {
        prompt = await fitPrompt(promptTokens, (text) =>
          page.call('countTokens', { prompt: text }),
        );
      }
      await page.call('exit');
      await page.reload();
      measured.warm = await page.call('load', model);
      await generate(page);
      const { cold, warm } = measured;
      say(
        `${config.config}: loaded in ${seconds(cold.totalMs)}, after a reload in ${seconds(warm.totalMs)}`,
      );
    });
    for (let round = 1; round <= repeat; round++) {
      await each(async (measured, page) => {
        const run = await generate(page);
        measured.runs.push({ ...run, load: loadavg()[0] ?? 0 });
        say(
          `${measured.config.config}, round ${round} of ${repeat}: first token after ${seconds(run.ttftMs)}, ${run.chunks} tokens in ${seconds(run.totalMs)}`,
        );
      });
    }
    await each(async (measured, page) => {
      measured.greedy = await page.call('tokenIds', { prompt, tokens: decode });
    });
    return { prompt, measured: peers.map(({ measured }) => measured) };
  } finally {
    for (const { measured, page } of peers) {
      const log = await page?.call('log').catch(() => []);
      measured.log = [...(log ?? []), ...(page?.console ?? [])];
      await page?.close();
    }
  }
}

/**
 * What a page loads.
 * @param {import('./options.js').Options} options
 * @param {import('./configs.js').Config} config
 * @param {import('./peer_page.js').Place} place
 */
function modelUrl({ onnx, synthetic, modelName }, { page }, { url }) {
  if (page === 'tfjs') return String(onnx?.name);
  return synthetic ? modelName : new URL(MODEL_PREFIX + encodeURIComponent(modelName), url).href;
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
