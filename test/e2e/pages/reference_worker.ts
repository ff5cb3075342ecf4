import { expose } from 'comlink';
import { ChatModel } from '../../../src/engine/chat_model.ts';
import type { Precision } from '../../../src/engine/engine.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openUrlSource } from '../../../src/formats/sources/url_source.ts';
import { openGpu } from '../../../src/gpu/device.ts';
import { openBrowserStore } from '../../../src/store/choose_store.ts';
import { importPack } from '../../../src/store/importer.ts';
import {
  type ChatReport,
  compareChat,
  compareHiddenStates,
  comparePassage,
  compareTokenizer,
  type PassageReport,
  referenceChats,
} from '../../reference/smollm2.ts';

/** The default model in a worker, its weights in this browser's own store. */
export interface ReferenceApi {
  load(url: string): Promise<{ store: string; adapter: string; precision: Precision }>;
  tokenizer(): Promise<{ strings: number; different: string[] }>;
  hiddenStates(): Promise<number[]>;
  passage(): Promise<PassageReport>;
  chats(names: readonly string[]): Promise<ChatReport[]>;
  /** Bytes of weights on the GPU, the most there ever were. */
  weights(): Promise<{ peak: number; largest_layer: number }>;
}

let model: ChatModel;

async function load(path: string): Promise<ArrayBuffer> {
  const response = await fetch(`/test/golden/${path}`);
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  return response.arrayBuffer();
}

const api: ReferenceApi = {
  async load(url) {
    const gpu = await openGpu(navigator.gpu);
    const store = await openBrowserStore();
    const pack = await importPack({ checkpoint: await readGguf(await openUrlSource(url)), store });
    model = await ChatModel.load({ gpu, store, pack });
    const { adapter, precision } = model.engine;
    return { store: store.kind, adapter, precision };
  },
  tokenizer: () => compareTokenizer(model, load),
  hiddenStates: () => compareHiddenStates(model.engine, load),
  passage: () => comparePassage(model.engine, load),
  async chats(names) {
    const chats = (await referenceChats(load)).filter(({ name }) => names.includes(name));
    const reports: ChatReport[] = [];
    for (const chat of chats) reports.push(await compareChat(model, chat));
    return reports;
  },
  async weights() {
    const { engine } = model;
    const { peak } = engine.ledger.read('weights');
    return { peak, largest_layer: engine.weights.largest_layer_bytes };
  },
};

expose(api);
