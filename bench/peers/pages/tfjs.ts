import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  type Model,
  type Tokenizer,
} from '@huggingface/transformers';
import ort from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import { browserFacts, offer, type Request, type Run, timeLoad, timeRun } from './peer.ts';

interface Options {
  readonly device: 'wasm' | 'webgpu';
  readonly dtype: string;
  readonly threads: number;
}

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = '/onnx/';
env.backends.onnx.wasm.wasmPaths = {
  mjs: new URL(ort, location.href).href,
  wasm: new URL(wasm, location.href).href,
};

const log: string[] = [];
for (const level of ['warn', 'error'] as const) {
  const say = console[level].bind(console);
  console[level] = (...words: unknown[]) => {
    log.push(words.join(' '));
    say(...words);
  };
}

let tokenizer: Tokenizer;
let model: Model;

const encode = (prompt: string) => tokenizer(prompt, { add_special_tokens: false });

async function run({ prompt, tokens }: Request): Promise<{ ids: number[]; run: Run }> {
  const ids: number[] = [];
  const time = timeRun();
  let prompted = false;
  await model.generate({
    ...encode(prompt),
    do_sample: false,
    max_new_tokens: tokens,
    min_new_tokens: tokens,
    streamer: {
      // The prompt comes first, as if it had been generated.
      put([sequence]) {
        if (prompted) {
          time.token();
          ids.push(Number(sequence![0]));
        }
        prompted = true;
      },
      end() {},
    },
  });
  return { ids, run: time.end(tokenizer.decode(ids)) };
}

offer({
  async env() {
    return { ...(await browserFacts()), transformers: env.version };
  },
  async load({ modelUrl, options }) {
    const { device, dtype, threads } = options as Options;
    env.backends.onnx.wasm.numThreads = threads;
    const time = timeLoad();
    tokenizer = await AutoTokenizer.from_pretrained(modelUrl);
    model = await AutoModelForCausalLM.from_pretrained(modelUrl, {
      device,
      dtype,
      progress_callback({ status }) {
        if (status === 'done') time.fetched();
      },
    });
    return time.ready();
  },
  generate: async (request) => (await run(request)).run,
  async tokenIds(request) {
    const { ids } = await run(request);
    return { ids, text: tokenizer.decode(ids) };
  },
  countTokens: async ({ prompt }) => encode(prompt).input_ids.dims.at(-1)!,
  exit: () => model.dispose(),
  log: () => log,
});
