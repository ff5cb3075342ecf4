import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import {
  answered,
  answers,
  button,
  faintTexts,
  message,
  openChat,
  openPage,
} from './scripted_page.ts';

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Diagnostics' });
const bar = (page: Page) => dialog(page).getByRole('progressbar', { name: 'How far it is' });

/** Presses Tab until a button has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const target = button(page, name);
  for (let i = 0; i < 40; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come to "${name}"`);
}

/** The engine has done so much of the measurement. */
async function progress(page: Page, name: string, done: number, of: number): Promise<void> {
  await page.evaluate(
    ([name, done, of]) => window.scripted.api.diagnoses.at(-1)!.progress({ name, done, of }),
    [name, done, of] as const,
  );
}

/** The engine ends the measurement, and says what it predicts from now on. */
async function report(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { api, benchReport, residentPlan } = window.scripted;
    api.predicted = residentPlan(53.2);
    api.diagnoses.at(-1)!.end.resolve(benchReport());
  });
}

/** The last measurement was stopped. */
async function endStopped(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { api, benchErrors } = window.scripted;
    api.diagnoses.at(-1)!.end.reject(new benchErrors.BenchCancelledError());
  });
}

test('by key alone, the device is measured from the settings, and its figures copied and saved', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openChat(page);
  await button(page, 'Settings').focus();
  await page.keyboard.press('Enter');
  await tabTo(page, 'Diagnostics');
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Settings' })).toBeHidden();

  await tabTo(page, 'Measure');
  await page.keyboard.press('Enter');
  await progress(page, 'matvec, Q4_1, 576×576', 12, 48);
  await expect(bar(page)).toHaveJSProperty('position', 0.25);
  await expect(dialog(page)).toContainText('matvec, Q4_1, 576×576');
  await expect(dialog(page).getByRole('checkbox', { name: 'Kernels' })).toBeDisabled();
  await expect(dialog(page).getByRole('status')).toHaveText('Measuring.');
  await report(page);
  await expect(dialog(page).getByRole('status')).toHaveText('Measured.');
  await expect(bar(page)).toHaveCount(0);
  // The focus is where the next thing is done.
  await expect(button(page, 'Measure')).toBeFocused();
  const tables = dialog(page).getByRole('figure');
  await expect(tables.filter({ hasText: 'Each kernel alone' }).getByRole('row')).toHaveCount(25);
  await expect(tables.filter({ hasText: 'Staging ring' })).toContainText('6.00 (5.64 to 6.42)');
  await expect(tables.filter({ hasText: '64 tokens of prompt' })).toContainText(
    '0.91 (0.85 to 0.97)',
  );
  await expect(tables.filter({ hasText: 'GPU memory' })).toContainText('12.4');

  await tabTo(page, 'Copy JSON');
  await page.keyboard.press('Enter');
  await expect(button(page, 'Copied')).toBeFocused();
  const measured = await page.evaluate(() => window.scripted.benchReport());
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toEqual(measured);
  await tabTo(page, 'Save JSON');
  const downloading = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('lamina-diagnostics.json');
  expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toEqual(measured);

  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect(button(page, 'Settings')).toBeFocused();
  // What was measured is what the next answers go by.
  const strip = page.getByRole('complementary', { name: 'Layers on the GPU' });
  await expect(strip).toContainText(/Predicted53\.2.tokens\/s/);
  expect(await page.evaluate(() => window.scripted.api.residencies.length)).toBe(1);
});

test('before there is a model, the welcome screen measures the device', async ({ page }) => {
  await openPage(page);
  await tabTo(page, 'Diagnostics');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('checkbox')).toHaveCount(2);
  await dialog(page).getByRole('checkbox', { name: 'Kernels' }).press('Space');
  await tabTo(page, 'Measure');
  await page.keyboard.press('Enter');
  expect(
    await page.evaluate(() => window.scripted.api.diagnoses.map(({ parts }) => parts)),
  ).toEqual([['ring']]);
  await report(page);
  await expect(dialog(page).getByRole('figure').first()).toContainText('1900 GB/s');
  await page.keyboard.press('Escape');
  await expect(button(page, 'Diagnostics')).toBeFocused();
});

test('a measurement is stopped, and goes on while the dialog is closed', async ({ page }) => {
  await openPage(page);
  await button(page, 'Diagnostics').click();
  // The second click is not for Stop.
  await button(page, 'Measure').dblclick();
  expect(await page.evaluate(() => window.scripted.api.stops)).toBe(0);
  await progress(page, '6 pieces of 4 MiB', 3, 9);
  await page.keyboard.press('Escape');
  await button(page, 'Diagnostics').click();
  await expect(dialog(page)).toContainText('6 pieces of 4 MiB');
  await button(page, 'Stop').click();
  await expect(button(page, 'Stopping')).toBeDisabled();
  expect(await page.evaluate(() => window.scripted.api.stops)).toBe(1);
  await endStopped(page);
  await expect(button(page, 'Measure')).toBeEnabled();
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
  await expect(dialog(page).getByRole('figure')).toHaveCount(0);
});

test('a measurement that fails says why, until the next one', async ({ page }) => {
  await openPage(page);
  await button(page, 'Diagnostics').click();
  await button(page, 'Measure').click();
  await page.evaluate(() => {
    const { api, engineErrors } = window.scripted;
    api.diagnoses[0]!.end.reject(new engineErrors.EngineBusyError());
  });
  await expect(dialog(page).getByRole('alert')).toContainText('Stop it, or wait until it is done');
  await button(page, 'Measure').click();
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
});

test('what was predicted stands beside what an answer measured, also after a reload', async ({
  page,
}) => {
  await openChat(page);
  await answered(page, 'Why?', 'So.');
  const statistics = () => answers(page).getByRole('list', { name: 'Statistics' });
  await expect(statistics()).toContainText(/13\.1.tokens\/s \(13\.5 predicted\)/);
  await openChat(page);
  await expect(statistics()).toContainText('(13.5 predicted)');
  await expect(message(page)).toBeVisible();
});

for (const scheme of ['light', 'dark'] as const) {
  test(`on a phone of 320 pixels all figures can be reached and read, in ${scheme}`, async ({
    page,
  }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.emulateMedia({ colorScheme: scheme });
    await openPage(page);
    await button(page, 'Diagnostics').click();
    await button(page, 'Measure').click();
    await progress(page, 'x'.repeat(80), 3, 9);
    await expect(bar(page)).toBeVisible();
    const overflow = () => dialog(page).evaluate((e) => e.scrollWidth - e.clientWidth);
    expect(await overflow()).toBe(0);
    await report(page);
    const cell = dialog(page).getByRole('columnheader', { name: 'first token ms' });
    await cell.scrollIntoViewIfNeeded();
    await expect(cell).toBeInViewport({ ratio: 0.99 });
    expect(await overflow()).toBe(0);
    expect(await faintTexts(page)).toEqual([]);
  });
}
