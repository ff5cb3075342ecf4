import { expose } from 'comlink';
import { measureRing } from '../../../src/bench/bench_model.ts';
import { parseSyntheticUrl } from '../../../src/bench/synthetic/synthetic_url.ts';
import { packFileWriter } from '../../../src/bench/synthetic/write_pack_file.ts';
import { ChatModel, type ChatModelOptions } from '../../../src/engine/chat_model.ts';
import { Conversation } from '../../../src/engine/generate.ts';
import { GREEDY } from '../../../src/engine/sampling.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openUrlSource } from '../../../src/formats/sources/url_source.ts';
import { type Gpu, openGpu } from '../../../src/gpu/device.ts';
import { openBrowserStore } from '../../../src/store/choose_store.ts';
import { importPack } from '../../../src/store/importer.ts';
import { sendTypedErrors } from '../../../src/worker/wire.ts';
import type { Request } from './peer.ts';

/** Lamina's engine in its worker, asked for an exact number of tokens: the app's own API stops at the end of a turn. */
export interface LaminaPeer {
  /** Imports the checkpoint, or makes the synthetic model, unless that was done before, and loads it. */
  load(
    modelUrl: string,
    options: Partial<ChatModelOptions>,
    onImported: () => unknown,
  ): Promise<void>;
  generate(
    request: Request,
    onToken: () => unknown,
  ): Promise<{ readonly ids: number[]; readonly text: string; readonly statistics: object }>;
  countTokens(prompt: string): Promise<number>;
  /** Measures what bounds a model that is streamed: bytes of the layers that the ring brings to the GPU per second. */
  measureRing(): Promise<void>;
  exit(): Promise<void>;
}

let gpu: Gpu;
let model: ChatModel;
let ring_bytes_per_second: number | null = null;

const promptIds = (prompt: string): number[] =>
  model.tokenizer.withBos(model.tokenizer.encode(prompt, { special: true }));

const peer: LaminaPeer = {
  async load(modelUrl, options, onImported) {
    gpu = await openGpu(navigator.gpu);
    const store = await openBrowserStore();
    const synthetic = parseSyntheticUrl(modelUrl);
    const checkpoint = await readGguf(synthetic ?? (await openUrlSource(modelUrl)));
    const writeWeights = synthetic ? packFileWriter(synthetic) : undefined;
    const pack = await importPack({ checkpoint, store, writeWeights });
    await onImported();
    model = await ChatModel.load({ ...options, gpu, store, pack });
  },
  async generate({ prompt, tokens }, onToken) {
    let told: unknown;
    // A conversation of its own: nothing of the prompt is in the cache.
    const { token_ids, statistics } = await new Conversation(model.engine).generate(
      promptIds(prompt),
      [],
      { ...GREEDY, max_tokens: tokens },
      {
        onToken: () => {
          told = onToken();
        },
      },
    );
    await told;
    return {
      ids: [...token_ids],
      text: model.tokenizer.decode(token_ids),
      statistics: {
        ...statistics,
        gpu_bytes: model.engine.ledger.readAll(),
        ring_bytes_per_second,
      },
    };
  },
  countTokens: async (prompt) => promptIds(prompt).length,
  async measureRing() {
    ring_bytes_per_second = (await measureRing(model.engine, { gpu })).median;
  },
  async exit() {
    model.destroy();
    gpu.device.destroy();
  },
};

sendTypedErrors();
expose(peer);
