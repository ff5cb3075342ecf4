/**
 * How one runtime is run.
 * @typedef {object} Config
 * @property {string} config its name
 * @property {'lamina' | 'wllama' | 'tfjs'} page
 * @property {object} options what the page's `load` gets
 */

/**
 * @typedef {object} Choices
 * @property {number} context tokens that prompt and answer may take
 * @property {object} pageOptions for Lamina's page, besides what the configuration says
 * @property {string} dtype which weights of the ONNX form
 */

/**
 * @param {object} residency
 * @returns {(choices: Choices) => Omit<Config, 'config'>}
 */
const lamina =
  (residency) =>
  ({ context, pageOptions }) => ({
    page: 'lamina',
    options: { context_length: context, ...residency, ...pageOptions },
  });

/**
 * @param {number} threads
 * @param {number} layers on the GPU
 * @returns {(choices: Choices) => Omit<Config, 'config'>}
 */
const wllama =
  (threads, layers) =>
  ({ context }) => ({
    page: 'wllama',
    options: { n_ctx: context, n_threads: threads, n_gpu_layers: layers },
  });

/**
 * @param {'wasm' | 'webgpu'} device
 * @returns {(choices: Choices) => Omit<Config, 'config'>}
 */
const tfjs =
  (device) =>
  ({ dtype }) => ({ page: 'tfjs', options: { device, dtype, threads: 2 } });

const ALL_LAYERS = 99_999;

/** @type {Readonly<Record<string, (choices: Choices) => Omit<Config, 'config'>>>} */
const CONFIGS = {
  lamina: lamina({}),
  'lamina-strict': lamina({ residency: 'strict' }),
  'lamina-resident': lamina({ residency: 'resident' }),
  'wllama-cpu-1t': wllama(1, 0),
  'wllama-cpu-2t': wllama(2, 0),
  'wllama-webgpu-1t': wllama(1, ALL_LAYERS),
  'wllama-webgpu-2t': wllama(2, ALL_LAYERS),
  'tfjs-wasm': tfjs('wasm'),
  'tfjs-webgpu': tfjs('webgpu'),
};

export const CONFIG_NAMES = Object.keys(CONFIGS);

/**
 * @param {string} name one of CONFIG_NAMES
 * @param {Choices} choices
 * @returns {Config}
 */
export function configOf(name, choices) {
  const make = /** @type {typeof CONFIGS[string]} */ (CONFIGS[name]);
  return { config: name, ...make(choices) };
}
