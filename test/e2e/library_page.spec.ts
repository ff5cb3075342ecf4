import { expect, type Page, test } from '@playwright/test';
import { button, openChat, openPage, withModel } from './scripted_page.ts';

const PLAIN = 'owner/plain-floats';

/** The page asks how to import a model with weights in plain floats. */
async function openPlain(page: Page): Promise<void> {
  await openPage(page, () => {
    window.scripted.api.choices = [
      { quantize: null, pack: 'plain', bytes: 2_500_000_000 },
      { quantize: 'Q8_0', pack: 'plain.q8_0', bytes: 1_300_000_000 },
      { quantize: 'Q4_K', pack: 'plain.q4_k', bytes: 700_000_000 },
      { quantize: 'Q4_1', pack: 'plain.q4_1', bytes: 780_000_000 },
    ];
  });
  await page.getByTestId('model-place').fill(PLAIN);
  await button(page, 'Fetch and open').click();
  await expect(page.getByRole('heading', { name: PLAIN })).toBeVisible();
}

const imports = (page: Page) =>
  page.evaluate(() => window.scripted.api.imports.map(({ quantize }) => quantize));

test.describe('a model with weights in plain floats', () => {
  test('is imported as it is, or smaller, with what that saves and costs', async ({ page }) => {
    await openPlain(page);
    const choices = page.getByRole('group', { name: 'Keep it' }).getByRole('radio');
    // Q4_1 loses more than Q4_K at a larger size.
    await expect(choices).toHaveCount(3);
    await expect(choices.first()).toBeChecked();
    await expect(page.getByRole('main')).toContainText(/Q8_0.*1\.3.GB.*Saves 1\.2.GB \(48.%\)/);
    expect(await imports(page)).toEqual([]);
    await page.getByRole('radio', { name: /Q4_K/ }).check();
    await button(page, 'Import').click();
    await expect(page.getByRole('progressbar', { name: PLAIN })).toBeVisible();
    expect(await imports(page)).toEqual(['Q4_K']);
  });

  test('is left where it is when nobody wants it after all', async ({ page }) => {
    await openPlain(page);
    await button(page, 'Cancel').click();
    await expect(button(page, 'Fetch and open')).toBeVisible();
    expect(await imports(page)).toEqual([]);
  });

  test('once imported tells how far its weights are from the checkpoint’s', async ({ page }) => {
    await openPage(page, () => {
      const { api, completePack } = window.scripted;
      const worst = { name: 'output.weight', type: 'Q4_K', relative_error: 0.0831 } as const;
      const quantization = { type: 'Q4_K', mean_error: 0.0716, worst } as const;
      api.stored = [{ ...completePack(), quantization }];
    });
    await page.getByRole('button', { name: 'Model:' }).click();
    await expect(page.getByRole('region', { name: 'Models' })).toContainText(
      /Quantized to Q4_K: weights differ by 7\.2.% on average, 8\.3.% at worst/,
    );
  });
});

test('a name with nothing behind it is refused, and the page is as before', async ({ page }) => {
  await openPage(page, () => {
    const { api, formatErrors } = window.scripted;
    api.importChoices = async () => {
      throw new formatErrors.SourceNotFoundError({ source: 'nobody/nothing' });
    };
  });
  await page.getByTestId('model-place').fill('nobody/nothing');
  await button(page, 'Fetch and open').click();
  await expect(page.getByRole('alert')).toContainText('nobody/nothing');
  await expect(button(page, 'Fetch and open')).toBeVisible();
});

test('a verification is cancelled, and the keyboard goes on from its line', async ({ page }) => {
  await openPage(page, withModel);
  await page.getByRole('button', { name: 'Model:' }).click();
  const menu = page.getByRole('region', { name: 'Models' });
  await menu.getByRole('button', { name: /^Verify/ }).click();
  await expect(menu.getByRole('progressbar', { name: 'Verifying' })).toBeVisible();
  await menu.getByRole('button', { name: 'Cancel' }).click();
  await expect(menu.getByRole('status')).toHaveText('The verification was cancelled');
  await expect(menu.getByRole('progressbar')).toHaveCount(0);
  await expect(menu.getByRole('button', { name: /^Verify/ })).toBeEnabled();
  const focused = () => page.evaluate(() => document.activeElement!.className);
  expect(await focused()).toContain('pack-note');
});

test('an export that is cancelled is not downloaded', async ({ page }) => {
  await openChat(page);
  await page.evaluate(() => {
    // As in browsers without a picker.
    Object.assign(globalThis, { showSaveFilePicker: undefined });
    window.scripted.api.exporting = window.scripted.gate();
  });
  let downloads = 0;
  page.on('download', () => {
    downloads += 1;
  });
  await page.getByRole('button', { name: 'Model:' }).click();
  const menu = page.getByRole('region', { name: 'Models' });
  await menu.getByRole('button', { name: /^Export/ }).click();
  await menu.getByRole('button', { name: 'Cancel' }).click();
  await page.evaluate(() => window.scripted.api.exporting!.resolve());
  await expect(menu.getByRole('status')).toContainText('nothing of it was kept');
  expect(downloads).toBe(0);
});
