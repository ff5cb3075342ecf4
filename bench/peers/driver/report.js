import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../../../scripts/project.js';
import { statistic, summarize } from './summary.js';

/** Lines of a log that are kept of a configuration that failed. */
const LOG_LINES = 100;

/** @typedef {Awaited<ReturnType<typeof report>>} Report */

/**
 * Everything that was measured, for `--json`.
 * @param {import('./options.js').Options} options
 * @param {{ browser: string, prompt: string, measured: readonly import('./run_in_turn.js').Measured[] }} run
 */
export async function report(options, { browser, prompt, measured }) {
  const { model, modelName, synthetic, onnx, promptTokens, decode, repeat } = options;
  const lamina = measured.find(({ config }) => config.page === 'lamina');
  const base = lamina ? summarize(lamina.runs, promptTokens) : null;
  const first = measured.find(({ greedy }) => greedy)?.greedy?.ids ?? [];
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? null,
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    browser,
    versions: {
      lamina: await versionOf(inProject('package.json')),
      '@wllama/wllama': await installed('@wllama/wllama'),
      '@huggingface/transformers': onnx && (await installed('@huggingface/transformers')),
    },
    model: {
      name: modelName,
      bytes: synthetic ? null : (await stat(model)).size,
      onnx: onnx?.name ?? null,
    },
    promptTokens,
    decode,
    repeat,
    prompt,
    results: measured.map(({ config, env, cold, warm, runs, greedy, error, log }) => {
      const summary = summarize(runs, promptTokens);
      return {
        ...config,
        env,
        cold,
        warm,
        runs,
        greedy,
        /** How many of the tokens are those of the first configuration, up to where they part. */
        sameTokens: greedy && commonLength(greedy.ids, first),
        ranOn: backendOf(config, log),
        summary: {
          ...summary,
          coldLoadMs: statistic(cold ? [cold.totalMs] : []),
          warmLoadMs: statistic(warm ? [warm.totalMs] : []),
        },
        /** How many times as fast the first configuration of Lamina is. */
        laminaTimes: base && {
          ttft: ratio(summary.ttftMs, base.ttftMs),
          prefill: ratio(base.prefillTokS, summary.prefillTokS),
          decode: ratio(base.decodeTokS, summary.decodeTokS),
        },
        error,
        log: error === null ? [] : log.slice(-LOG_LINES),
      };
    }),
  };
}

/**
 * What a runtime used, as far as it tells: llama.cpp runs on the CPU, without a word to the page, where it lacks
 * something of the GPU.
 * @param {import('./configs.js').Config} config
 * @param {readonly string[]} log
 */
function backendOf({ page, options }, log) {
  if (page === 'lamina') return 'WebGPU';
  if (page === 'tfjs') return 'device' in options ? String(options.device) : null;
  const buffers = log.map((line) => /load_tensors:\s+(\S+) model buffer size/.exec(line)?.[1]);
  return [...new Set(buffers.filter(Boolean))].join(' + ') || null;
}

/**
 * @param {import('./summary.js').Statistic | null} a
 * @param {import('./summary.js').Statistic | null} b
 */
function ratio(a, b) {
  return a && b ? a.median / b.median : null;
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
function commonLength(a, b) {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/**
 * The version of a package that the pages are made of.
 * @param {string} name
 */
async function installed(name) {
  const require = createRequire(inProject('bench', 'peers', 'package.json'));
  const folders = require.resolve.paths(name) ?? [];
  for (const folder of folders) {
    const version = await versionOf(join(folder, name, 'package.json')).catch(() => null);
    if (version !== null) return version;
  }
  return null;
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
async function versionOf(path) {
  return JSON.parse(await readFile(path, 'utf8')).version;
}
