import { type LoadModelParams, Wllama } from '@wllama/wllama';
import wasm from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import { browserFacts, offer, type Request, timeLoad, timeRun } from './peer.ts';

const log: string[] = [];
const keep = (...words: unknown[]): void => {
  log.push(
    words.map((word) => (word instanceof Error ? String(word.stack) : String(word))).join(' '),
  );
};
const wllama = new Wllama(
  { default: new URL(wasm, location.href).href },
  { logger: { debug: keep, log: keep, warn: keep, error: keep } },
);
// Without it a browser that lacks something is sent to a build on a content delivery network.
wllama.setCompat(null);

/** llama.cpp takes more options than the package's types have. */
const greedy = ({ prompt, tokens }: Request) => ({
  prompt,
  max_tokens: tokens,
  temperature: 0,
  top_k: 1,
  cache_prompt: false,
  ignore_eos: true,
  timings_per_token: true,
});

offer({
  async env() {
    return { ...(await browserFacts()), llamaCpp: Wllama.getLibllamaVersion() };
  },
  async load({ modelUrl, options }) {
    const time = timeLoad();
    const model = await wllama.modelManager.getModelOrDownload({ url: modelUrl });
    time.fetched();
    await wllama.loadModel(model, options as LoadModelParams);
    return time.ready();
  },
  async generate(request) {
    const time = timeRun();
    let text = '';
    let timings: unknown = null;
    await wllama.createCompletion({
      ...greedy(request),
      stream: true,
      onData(chunk) {
        const [choice] = chunk.choices;
        // The chunk that tells why it ended holds no token.
        if (choice && choice.finish_reason === null) {
          time.token();
          text += choice.text;
        }
        timings = chunk.timings ?? timings;
      },
    });
    return time.end(text, timings);
  },
  async tokenIds(request) {
    const { choices } = await wllama.createCompletion({ ...greedy(request), logprobs: 1 });
    const [{ text, logprobs }] = choices as unknown as [Choice];
    return { ids: logprobs.content.map(({ id }) => id), text };
  },
  async countTokens({ prompt }) {
    return (await wllama.createCompletion(greedy({ prompt, tokens: 1 }))).usage.prompt_tokens;
  },
  exit: () => wllama.exit(),
  log: () => log,
});

/** What comes back; the package's types are those of OpenAI's API. */
interface Choice {
  readonly text: string;
  readonly logprobs: { readonly content: readonly { readonly id: number }[] };
}
