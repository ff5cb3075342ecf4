import { expect, type Page, test } from '@playwright/test';

/** Bytes of the default model's largest layer file. */
const LARGEST_LAYER = 2_216_448;

async function ask(page: Page, question: string): Promise<Record<string, number>> {
  const before = await page.getByTestId('answer').count();
  await page.getByTestId('composer').fill(question);
  await page.getByTestId('send').click();
  const answer = page.getByTestId('answer').nth(before);
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 10 * 60_000 });
  const figures = await answer.getByTestId('statistics').evaluate((element) => ({
    ...(element as HTMLElement).dataset,
  }));
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value)]));
}

test('a person downloads the default model, chats, and finds both again after a reload', async ({
  page,
}) => {
  test.setTimeout(20 * 60_000);
  await page.goto('./');
  await page.getByTestId('import-default').click();
  await expect(page.locator('.page')).toHaveAttribute('data-stage', 'ready', { timeout: 180_000 });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('One layer at a time').check();
  await page.keyboard.press('Escape');

  const first = await ask(page, 'What is the capital of France?');
  await expect(page.getByTestId('answer').last()).toContainText('The capital of France is Paris.');
  const second = await ask(page, 'And of Italy? Answer with one word.');
  for (const figures of [first, second]) {
    expect(figures.largestLayerBytes).toBe(LARGEST_LAYER);
    expect(figures.peakWeightBytes).toBeGreaterThan(0);
    expect(figures.peakWeightBytes).toBeLessThanOrEqual(LARGEST_LAYER);
    expect(figures.tokensPerSecond).toBeGreaterThan(0);
    expect(figures.timeToFirstTokenMs).toBeGreaterThan(0);
    expect(figures.bytesRead).toBeGreaterThan(30 * LARGEST_LAYER);
  }

  // In mid-conversation all of it comes to the GPU: nothing is read for an answer any more, and the chat goes on.
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('The whole model').check();
  await page.keyboard.press('Escape');
  const third = await ask(page, 'And of Spain? Answer with one word.');
  expect(third.bytesRead).toBe(0);
  expect(third.cachedTokens).toBeGreaterThan(second.completionTokens!);
  expect(third.peakWeightBytes).toBeGreaterThan(30 * LARGEST_LAYER);

  // What it cannot do is said beside the field, and it stays as it is.
  await page.getByRole('button', { name: 'Settings' }).click();
  const budget = page.getByLabel('Budget in MB');
  await budget.fill('1');
  await budget.press('Enter');
  await expect(budget).toHaveAccessibleDescription(/with all of it on the GPU this model takes/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toContainText(/96\.6.MB of 96\.6.MB on the GPU/);

  // So set it would not be there after a reload: then there is one layer of it at a time.
  await page.reload();
  await expect(page.locator('.page')).toHaveAttribute('data-stage', 'ready', { timeout: 180_000 });
  await expect(page.getByTestId('answer').first()).toContainText('Paris');
  await expect(page.getByRole('alert')).toContainText('The model runs one layer at a time');
  await expect(page.getByRole('complementary')).toContainText(/2\.2.MB of 96\.6.MB on the GPU/);
});
