import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';

const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
const TINY = `${PAGES}/test/golden/gguf/llama-q4_1.gguf`;
const REFERENCE = JSON.parse(
  readFileSync(new URL('../golden/gguf/llama-q4_1.expected.json', import.meta.url), 'utf8'),
);

test('Lamina’s page of the side-by-side benchmark counts, generates and repeats exactly what it is asked for', async ({
  page,
}) => {
  await page.goto(`${PAGES}/bench/peers/lamina.html`);
  await page.waitForFunction(() => window.peerReady);
  const { text, ids } = REFERENCE.tokenizer.encode_without_special[0];
  const { cold, warm, count, runs, greedy } = await page.evaluate(
    async ({ modelUrl, prompt }) => {
      const { peer } = window;
      const model = { modelUrl, options: { context_length: 256 } };
      const cold = await peer.load(model);
      await peer.exit();
      const warm = await peer.load(model);
      const request = { prompt, tokens: 7 };
      return {
        cold,
        warm,
        count: await peer.countTokens({ prompt }),
        runs: [await peer.generate(request), await peer.generate(request)],
        greedy: [await peer.tokenIds(request), await peer.tokenIds({ prompt, tokens: 3 })],
      };
    },
    { modelUrl: TINY, prompt: text },
  );
  for (const load of [cold, warm]) {
    expect(load.totalMs).toBeCloseTo(load.fetchMs + load.initMs, 3);
  }
  expect([ids.length, ids.length + 1]).toContain(count);
  for (const run of runs) {
    expect(run.chunks).toBe(7);
    expect(run.ttftMs).toBeGreaterThan(0);
    expect(run.totalMs).toBeGreaterThanOrEqual(run.ttftMs + run.decodeMs);
    expect(run.text).toBe(greedy[0]!.text);
    // Nothing of the prompt is left from the run before.
    expect(run.timings).toMatchObject({ prompt_tokens: count, cached_tokens: 0 });
  }
  expect(greedy[0]!.ids).toHaveLength(7);
  expect(greedy[1]!.ids).toEqual(greedy[0]!.ids.slice(0, 3));
});

test('a model that is not there fails the load with its cause', async ({ page }) => {
  await page.goto(`${PAGES}/bench/peers/lamina.html`);
  await page.waitForFunction(() => window.peerReady);
  const name = await page.evaluate(
    (modelUrl) =>
      window.peer.load({ modelUrl, options: {} }).then(
        () => null,
        (error) => error.name,
      ),
    `${PAGES}/models/nothing.gguf`,
  );
  expect(name).toBe('SourceNotFoundError');
});
