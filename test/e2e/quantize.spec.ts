import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';

const FILE = fileURLToPath(new URL('../golden/gguf/qwen2-f16.gguf', import.meta.url));

test('a person opens a file of 16-bit weights, keeps it smaller, verifies it, and is offered the same again', async ({
  page,
}) => {
  await page.goto('./');
  await page.getByTestId('import-file').first().setInputFiles(FILE);
  const small = page.getByRole('radio', { name: /^Q8_0/ });
  await expect(page.getByRole('radio', { name: /^As it is/ })).toBeChecked();
  await small.check();
  await page.getByTestId('choose-import').click();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible({ timeout: 60_000 });

  await page.getByRole('button', { name: 'Model:' }).click();
  const menu = page.getByRole('region', { name: 'Models' });
  await expect(menu).toContainText(/Quantized to Q8_0: weights differ by 0\.5\d.% on average/);
  await menu.getByRole('button', { name: /^Verify/ }).click();
  await expect(menu.getByRole('status')).toHaveText('Verified: every file is whole');

  await page.getByTestId('import-file').first().setInputFiles(FILE);
  await expect(small).toBeChecked();
  await expect(page.getByRole('main')).toContainText('On this device');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
});
