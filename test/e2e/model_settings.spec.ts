import { expect, type Page, test } from '@playwright/test';
import {
  answered,
  answers,
  ask,
  button,
  finish,
  message,
  openChat,
  openPage,
} from './scripted_page.ts';

const panel = (page: Page) => page.getByRole('region', { name: 'Settings' });
const budget = (page: Page) => panel(page).getByRole('textbox', { name: 'Budget in MB' });
const context = (page: Page) => panel(page).getByRole('textbox', { name: 'Context in tokens' });

/** What the page asked the worker for. */
const asked = (page: Page) =>
  page.evaluate(() => {
    const { residencies, loadOptions, stops } = window.scripted.api;
    return { residencies, loads: loadOptions, stops };
  });

async function openSettings(page: Page): Promise<void> {
  await button(page, 'Settings').click();
  await expect(panel(page)).toBeVisible();
}

/** The next thing that is set takes more memory than there is. */
const refuseNext = (page: Page) =>
  page.evaluate(() => {
    const { api, planErrors } = window.scripted;
    api.residencyErrors.push(new planErrors.BudgetTooSmallError({ budget: 1e6, needed: 112e6 }));
  });

test('another residency in mid-conversation is asked of the worker, which loads nothing', async ({
  page,
}) => {
  await openChat(page);
  await answered(page, 'One?', 'First.');
  await openSettings(page);
  await expect(panel(page).getByRole('radio', { name: 'Automatic' })).toBeChecked();
  await panel(page).getByRole('radio', { name: 'One layer at a time' }).check();
  await expect
    .poll(async () => (await asked(page)).residencies)
    .toEqual([{ residency: 'strict', measures: false }]);
  await page.keyboard.press('Escape');
  await answered(page, 'Two?', 'Second.');
  await expect(answers(page)).toHaveCount(2);
  const messages = await page.evaluate(() => window.scripted.api.chats[1]!.messages);
  expect(messages.map(({ content }) => content)).toEqual(['One?', 'First.', 'Two?']);
  expect((await asked(page)).loads).toHaveLength(1);
  // It is kept over a reload.
  await openChat(page);
  expect((await asked(page)).loads).toEqual([{ residency: 'strict', measures: false }]);
});

test('a change in mid-answer ends the answer, then takes place', async ({ page }) => {
  await openChat(page);
  await ask(page, 'Why?');
  await openSettings(page);
  await panel(page).getByRole('radio', { name: 'The whole model' }).check();
  await expect(panel(page).getByRole('radio', { name: 'The whole model' })).toBeChecked();
  expect(await asked(page)).toMatchObject({ stops: 1, residencies: [] });
  await finish(page, 'Because', 'cancelled');
  await expect.poll(async () => (await asked(page)).residencies.length).toBe(1);
  await expect(panel(page).getByRole('alert')).toHaveCount(0);
  await expect(answers(page)).toContainText('Because');
});

test('a number counts when it has been edited, not at every key', async ({ page }) => {
  await openChat(page);
  await openSettings(page);
  await budget(page).pressSequentially('300');
  expect((await asked(page)).residencies).toEqual([]);
  await budget(page).press('Enter');
  const set = { residency: 'auto', measures: false, budget: 300e6 };
  await expect.poll(async () => (await asked(page)).residencies).toEqual([set]);
  await budget(page).press('Tab');
  await context(page).pressSequentially('2048');
  expect((await asked(page)).loads).toHaveLength(1);
  // Also when the settings are closed over it.
  await page.keyboard.press('Escape');
  await expect
    .poll(async () => (await asked(page)).loads[1])
    .toEqual({ ...set, context_length: 2048 });
  await expect(message(page)).toBeVisible();
});

test('a budget that is too small says why beside its field, and the model goes on as it was', async ({
  page,
}) => {
  await openChat(page);
  await answered(page, 'One?', 'First.');
  await openSettings(page);
  await refuseNext(page);
  await budget(page).fill('1');
  await budget(page).press('Enter');
  await expect(budget(page)).toHaveAccessibleDescription(/too small: .* takes 112 MB\. Raise the/);
  await expect(budget(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(panel(page).getByRole('alert')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await answered(page, 'Two?', 'Second.');
  expect((await asked(page)).loads).toHaveLength(1);
  await openSettings(page);
  await budget(page).fill('200');
  await budget(page).press('Enter');
  await expect(budget(page)).toHaveAttribute('aria-invalid', 'false');
  await expect(budget(page)).toHaveAccessibleDescription('empty: as much as is safe');
});

test('a residency that is not possible says so where no budget is set', async ({ page }) => {
  await openChat(page);
  await openSettings(page);
  await refuseNext(page);
  await panel(page).getByRole('radio', { name: 'The whole model' }).check();
  await expect(panel(page).getByRole('alert')).toContainText('takes 112 MB');
  await expect(budget(page)).toHaveAttribute('aria-invalid', 'false');
});

test('a saved budget that does not hold the model has it run one layer at a time, and the page says so', async ({
  page,
}) => {
  await openPage(page, () => {
    localStorage.setItem(
      'lamina.settings',
      JSON.stringify({ budget_mb: 1, residency: 'resident' }),
    );
    const { api, completePack, planErrors } = window.scripted;
    api.stored = [completePack()];
    api.loadErrors.push(new planErrors.BudgetTooSmallError({ budget: 1e6, needed: 112e6 }));
  });
  const notice = page.getByRole('main').getByRole('alert');
  await expect(notice.getByRole('heading')).toHaveText('The model runs one layer at a time');
  await expect(notice).toContainText('The budget of 1 MB of GPU memory is too small');
  await expect(page.getByRole('main')).toContainText('One layer at a time is on the GPU: 2.2');
  await openSettings(page);
  await expect(budget(page)).toHaveValue('1');
  await expect(budget(page)).toHaveAccessibleDescription(/too small/);
  // The settings go on from there.
  await budget(page).fill('');
  await budget(page).press('Enter');
  await expect(budget(page)).toHaveAttribute('aria-invalid', 'false');
  await page.keyboard.press('Escape');
  await expect(notice).toHaveCount(0);
  await expect(page.getByRole('main')).toContainText('All of them stay on the GPU');
});
