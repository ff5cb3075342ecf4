import { expect, test } from '@playwright/test';
import { BROWSER_CHATS, inWords, TOLERANCES } from '../reference/smollm2.ts';

const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
const MODEL = '/models/SmolLM2-135M-Instruct.Q4_1.gguf';

test('the default model in a worker, streamed from OPFS, agrees with its reference', async ({
  page,
}) => {
  test.setTimeout(20 * 60_000);
  await page.goto(`${PAGES}/test/e2e/pages/reference.html`);
  await page.waitForFunction(() => 'reference' in window);

  const tolerances = await test.step('it is imported into OPFS', async () => {
    const { store, adapter, precision } = await page.evaluate(
      (url) => window.reference.load(new URL(url, location.href).href),
      MODEL,
    );
    console.log(adapter);
    expect(store).toBe('opfs');
    return TOLERANCES[precision];
  });

  await test.step('every string has the reference’s ids', async () => {
    const { strings, different } = await page.evaluate(() => window.reference.tokenizer());
    expect(strings).toBe(292);
    expect(different).toEqual([]);
  });

  await test.step('the hidden states after every layer are the reference’s', async () => {
    const errors = await page.evaluate(() => window.reference.hiddenStates());
    console.log(`hidden states: relative RMS at most ${Math.max(...errors).toExponential(2)}`);
    expect(errors).toHaveLength(32);
    for (const error of errors) expect(error).toBeLessThan(tolerances.hidden);
  });

  await test.step('the passage has the reference’s log-probabilities and perplexity', async () => {
    const report = await page.evaluate(() => window.reference.passage());
    console.log(`passage: perplexity ${report.perplexity.toFixed(4)}`);
    for (const tie of report.near_ties) console.log(inWords(tie));
    expect(report.positions).toBe(1023);
    expect(report.logit).toBeLessThan(tolerances.logit);
    expect(report.logprob).toBeLessThan(tolerances.logit);
    expect(Math.abs(report.perplexity / report.expected_perplexity - 1)).toBeLessThan(
      tolerances.perplexity,
    );
    expect(report.near_ties.filter(({ margin }) => margin >= tolerances.margin)).toEqual([]);
  });

  await test.step('chats have the reference’s greedy tokens', async () => {
    const reports = await page.evaluate((names) => window.reference.chats(names), BROWSER_CHATS);
    const near_ties = reports.flatMap((report) => report.near_ties);
    for (const tie of near_ties) console.log(inWords(tie));
    expect(reports).toHaveLength(BROWSER_CHATS.length);
    expect(reports.filter(({ same_prompt }) => !same_prompt)).toEqual([]);
    expect(near_ties.filter(({ margin }) => margin >= tolerances.margin)).toEqual([]);
  });

  await test.step('and never was more on the GPU than the largest layer', async () => {
    const { peak, largest_layer } = await page.evaluate(() => window.reference.weights());
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThanOrEqual(largest_layer);
  });
});
