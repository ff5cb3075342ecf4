import { expect, type Page } from '@playwright/test';
import type {} from './pages/page.tsx';

/** The development server that serves this repository's pages for tests. */
export const PAGE = `${process.env.TEST_PAGES_URL ?? 'http://localhost:4175'}/test/e2e/pages/page.html`;

export const MODEL = {
  id: 'smollm2',
  name: 'SmolLM2 135M Instruct',
  url: 'models/smollm2.gguf',
  bytes: 98_362_432,
  license: 'Apache-2.0',
  description: 'A small model for short answers in English.',
};

/** Loads the page; `setUp` runs in it before it looks for the engine, and sees what `argument` is. */
export async function openPage<T = undefined>(
  page: Page,
  setUp: (argument: T) => void = () => undefined,
  argument?: T,
): Promise<void> {
  await page.route('**/models.json', (route) => route.fulfill({ json: { models: [MODEL] } }));
  await page.goto(PAGE);
  await page.waitForFunction(() => 'scripted' in window);
  await page.evaluate(setUp as (argument: unknown) => void, argument);
  await page.evaluate(() => window.scripted.open());
}

export const withModel = () => {
  window.scripted.api.stored = [window.scripted.completePack()];
};

/** The page with a model that is loaded. */
export async function openChat(page: Page): Promise<void> {
  await openPage(page, withModel);
  await expect(message(page)).toBeVisible();
}

export const message = (page: Page) => page.getByRole('textbox', { name: 'Message' });
export const answers = (page: Page) => page.getByRole('article', { name: 'Answer' });
export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

export async function ask(page: Page, question: string): Promise<void> {
  const before = await page.evaluate(() => window.scripted.api.chats.length);
  await message(page).fill(question);
  await message(page).press('Enter');
  await page.waitForFunction((n) => window.scripted.api.chats.length > n, before);
}

/** The engine writes a piece of the answer. */
export async function write(page: Page, text: string): Promise<void> {
  await page.evaluate(
    (text) => window.scripted.api.chats.at(-1)!.emit({ type: 'text', text }),
    text,
  );
}

export async function finish(page: Page, text: string, reason: 'stop' | 'cancelled' = 'stop') {
  await page.evaluate(
    ([text, reason]) => {
      window.scripted.api.chats.at(-1)!.end.resolve(window.scripted.resultOf(text, reason));
    },
    [text, reason] as const,
  );
}

export async function answered(page: Page, question: string, text: string): Promise<void> {
  await ask(page, question);
  await write(page, text);
  await finish(page, text);
  await expect(answers(page).last()).toHaveAttribute('data-state', 'done');
}

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3); disabled buttons do not count. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
    const rgba = (colour: string) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour: readonly number[]) => {
      const [r, g, b] = colour.map((c) => {
        const s = c / 255;
        return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const behind = (element: Element | null): number[] => {
      if (!element) return [255, 255, 255, 255];
      const colour = rgba(getComputedStyle(element).backgroundColor);
      return colour[3] === 255 ? colour : behind(element.parentElement);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint: string[] = [];
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement!;
      const text = texts.currentNode.textContent!.trim();
      if (!text || !element.checkVisibility() || element.closest(':disabled, script')) continue;
      const light = [rgba(getComputedStyle(element).color), behind(element)].map(luminance);
      const contrast = (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
      if (contrast < 4.5) faint.push(`${text}: ${contrast.toFixed(2)}`);
    }
    return faint;
  });
}
