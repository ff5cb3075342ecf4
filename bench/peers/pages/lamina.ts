import { proxy, type Remote, wrap } from 'comlink';
import { sendTypedErrors } from '../../../src/worker/wire.ts';
import type { LaminaPeer } from './lamina_worker.ts';
import { browserFacts, offer, timeLoad, timeRun } from './peer.ts';

sendTypedErrors();
const log: string[] = [];
const worker = new Worker(new URL('./lamina_worker.ts', import.meta.url), { type: 'module' });
worker.addEventListener('error', ({ message }) => log.push(message));
const lamina: Remote<LaminaPeer> = wrap<LaminaPeer>(worker);

offer({
  env: browserFacts,
  async load({ modelUrl, options }) {
    const time = timeLoad();
    await lamina.load(modelUrl, options, proxy(time.fetched));
    const report = time.ready();
    const { residency } = options as { readonly residency?: string };
    if (residency !== 'resident') await lamina.measureRing();
    return report;
  },
  async generate(request) {
    const time = timeRun();
    const { text, statistics } = await lamina.generate(request, proxy(time.token));
    return time.end(text, statistics);
  },
  tokenIds: (request) =>
    lamina.generate(
      request,
      proxy(() => undefined),
    ),
  countTokens: ({ prompt }) => lamina.countTokens(prompt),
  exit: () => lamina.exit(),
  log: () => log,
});
