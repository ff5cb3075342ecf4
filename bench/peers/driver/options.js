import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ScriptError } from '../../../scripts/script_error.js';
import { CONFIG_NAMES, configOf } from './configs.js';

export const USAGE = `Usage: npm run bench:peers -- --model FILE.gguf [OPTIONS]

Runs Lamina and other runtimes in turn in a browser without a window, on the same model and prompt.
--model synthetic:SHAPE:TYPE is a model of random weights that Lamina's page makes for itself, as in
synthetic:llama-70b:Q4_0: one may be larger than what a server here could keep beside it.

  --configs A,B          what to run, the first one first (lamina,wllama-cpu-2t):
                         ${CONFIG_NAMES.slice(0, 5).join(', ')},
                         ${CONFIG_NAMES.slice(5).join(', ')}
  --prompt-tokens N      tokens in the prompt (128)
  --decode N             tokens to generate (32)
  --repeat N             rounds (3)
  --json FILE            everything that was measured
  --onnx FOLDER          the model for Transformers.js: config.json, tokenizer.json, tokenizer_config.json, onnx/model_*.onnx
  --onnx-dtype TYPE      which of its weights (q4)
  --page-options JSON    for Lamina's page: {"residency":"resident"}
  --timeout S            seconds that a load or a run may take (900)
  --help                 this text

CHROMIUM_BIN   the browser`;

/** What the addresses of models begin with that Lamina's page makes. */
const SYNTHETIC = 'synthetic:';
const MOST = 1_000_000;
/** Contexts are made in steps of this many tokens. */
const CONTEXT_STEP = 256;
const LEAST_CONTEXT = 1024;

/** @typedef {NonNullable<ReturnType<typeof parseOptions>>} Options */

/**
 * @param {string[]} args
 * @returns null when help is asked for
 * @throws ScriptError with exit code 2
 */
export function parseOptions(args) {
  const { values } = parse(args);
  if (values.help) return null;
  const synthetic = values.model?.startsWith(SYNTHETIC) ?? false;
  const model = synthetic ? String(values.model) : existing('--model', values.model);
  const onnx = values.onnx === undefined ? null : existing('--onnx', values.onnx);
  const promptTokens = count('--prompt-tokens', values['prompt-tokens']);
  const decode = count('--decode', values.decode);
  if (decode < 2) throw wrong('--decode must be at least 2: a rate lies between two tokens.');
  // A token of the prompt may come on top, to begin a text.
  const needed = Math.ceil((promptTokens + decode + 1) / CONTEXT_STEP) * CONTEXT_STEP;
  const choices = {
    context: Math.max(LEAST_CONTEXT, needed),
    pageOptions: jsonObject('--page-options', values['page-options']),
    dtype: values['onnx-dtype'],
  };
  const configs = values.configs.split(',').map((name) => {
    if (!CONFIG_NAMES.includes(name)) throw wrong(`There is no configuration "${name}".`);
    return configOf(name, choices);
  });
  if (new Set(values.configs.split(',')).size < configs.length) {
    throw wrong('--configs names one twice.');
  }
  if (onnx === null && configs.some(({ page }) => page === 'tfjs')) {
    throw wrong('Transformers.js needs --onnx: it cannot read GGUF files.');
  }
  if (synthetic && configs.some(({ page }) => page !== 'lamina')) {
    throw wrong(`--model ${model}: only Lamina's page can make a model.`);
  }
  return {
    configs,
    model,
    modelName: synthetic ? model : basename(model),
    synthetic,
    onnx: onnx === null ? null : { folder: dirname(onnx), name: basename(onnx) },
    promptTokens,
    decode,
    repeat: count('--repeat', values.repeat),
    timeoutMs: 1000 * count('--timeout', values.timeout),
    json: values.json,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        model: { type: 'string' },
        configs: { type: 'string', default: 'lamina,wllama-cpu-2t' },
        'prompt-tokens': { type: 'string', default: '128' },
        decode: { type: 'string', default: '32' },
        repeat: { type: 'string', default: '3' },
        json: { type: 'string' },
        onnx: { type: 'string' },
        'onnx-dtype': { type: 'string', default: 'q4' },
        'page-options': { type: 'string', default: '{}' },
        timeout: { type: 'string', default: '900' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw wrong(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {string} option
 * @param {string | undefined} path
 */
function existing(option, path) {
  if (path === undefined) throw wrong(`${option} is missing.`);
  if (!existsSync(path)) throw wrong(`${option} ${path}: there is no such file or folder.`);
  return resolve(path);
}

/**
 * @param {string} option
 * @param {string} text
 */
function count(option, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw wrong(`${option} ${text}: a whole number from 1 to ${MOST}.`);
}

/**
 * @param {string} option
 * @param {string} text
 * @returns {object}
 */
function jsonObject(option, text) {
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw wrong(`${option} ${text}: a JSON object, as in {"residency":"resident"}.`);
}

/** @param {string} reason */
function wrong(reason) {
  return new ScriptError(`${reason}\n\n${USAGE}`, { exitCode: 2 });
}
