import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { askPage } from '../../scripts/ask/ask_page.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The page over an engine that does what the test says. */
const SCRIPTED = '/test/e2e/pages/page.html';
const CATALOGUE = {
  models: [
    {
      id: 'small',
      name: 'Small Model',
      url: 'models/small.gguf',
      bytes: 98_362_432,
      license: 'Apache-2.0',
      description: 'Answers in short.',
    },
  ],
};

test.use({ baseURL: async ({ baseURL: _ }, use) => use(process.env.TEST_PAGES_URL) });

async function openScripted(page: Page, prepare: () => void): Promise<void> {
  await page.route('**/models.json', (route) => route.fulfill({ json: CATALOGUE }));
  await page.goto(SCRIPTED);
  await page.waitForFunction(() => 'scripted' in window);
  await page.evaluate(prepare);
  await page.evaluate(() => window.scripted.open());
}

const withModel = () => {
  window.scripted.api.stored = [window.scripted.completePack()];
};

/** Waits in the page until the engine has been asked for an answer. */
async function chatBegun(page: Page): Promise<void> {
  await page.waitForFunction(() => window.scripted.api.chats.length > 0);
}

test('the answer comes in pieces, and then its figures', async ({ page }) => {
  await openScripted(page, withModel);
  const pieces: string[] = [];
  const answer = askPage(page, 'Why is the sky blue?', { onText: (piece) => pieces.push(piece) });
  await chatBegun(page);
  for (const text of ['Because', ' of', ' scattering.']) {
    await page.evaluate((text) => window.scripted.api.chats[0]!.emit({ type: 'text', text }), text);
    await expect.poll(() => pieces.join('')).toContain(text);
  }
  await page.evaluate(() => {
    const { api, resultOf } = window.scripted;
    api.chats[0]!.end.resolve(resultOf('Because of scattering.'));
  });
  const { text, statistics } = await answer;
  expect(text).toBe('Because of scattering.');
  expect(pieces).toEqual(['Because', ' of', ' scattering.']);
  expect(Number(statistics?.completionTokens)).toBeGreaterThan(0);
  const messages = await page.evaluate(() => window.scripted.api.chats[0]!.messages);
  expect(messages).toEqual([{ role: 'user', content: 'Why is the sky blue?' }]);
});

test('where no model is, the one that the page offers is imported', async ({ page }) => {
  await openScripted(page, () => undefined);
  const answer = askPage(page, 'Why?', { onText: () => undefined });
  await page.waitForFunction(() => window.scripted.api.imports.length > 0);
  const source = await page.evaluate(() => {
    const { api, completePack, PACK_ID } = window.scripted;
    const [running] = api.imports;
    running!.progress(1_000_000);
    api.stored = [completePack()];
    running!.end.resolve(PACK_ID);
    return running!.source;
  });
  expect(source).toEqual({ url: expect.stringMatching(/\/models\/small\.gguf$/) });
  await chatBegun(page);
  await page.evaluate(() => {
    const { api, resultOf } = window.scripted;
    api.chats[0]!.end.resolve(resultOf('So.'));
  });
  expect((await answer).text).toBe('So.');
});

test('what was said in an earlier run is no part of the question', async ({ page }) => {
  await openScripted(page, () => {
    const turn = { role: 'user', content: 'An old question' };
    localStorage.setItem('lamina.conversation', JSON.stringify([turn]));
    window.scripted.api.stored = [window.scripted.completePack()];
  });
  const answer = askPage(page, 'A new one', { onText: () => undefined });
  await chatBegun(page);
  const messages = await page.evaluate(() => {
    const { api, resultOf } = window.scripted;
    api.chats[0]!.end.resolve(resultOf('So.'));
    return api.chats[0]!.messages;
  });
  await answer;
  expect(messages).toEqual([{ role: 'user', content: 'A new one' }]);
});

test('without an adapter the page’s own words are the error', async ({ page }) => {
  await openScripted(page, () => {
    const { api, gpuErrors } = window.scripted;
    api.environmentError = new gpuErrors.NoAdapterError();
  });
  const answer = askPage(page, 'Why?', { onText: () => undefined });
  await expect(answer).rejects.toThrow('WebGPU found no graphics adapter');
});

test('an import that fails is the error', async ({ page }) => {
  await openScripted(page, () => undefined);
  const answer = askPage(page, 'Why?', { onText: () => undefined });
  const failed = expect(answer).rejects.toThrow(/^Not enough storage: /);
  await page.waitForFunction(() => window.scripted.api.imports.length > 0);
  await page.evaluate(() => {
    const { api, storeErrors } = window.scripted;
    const full = new storeErrors.StorageQuotaError({ needed: 98_000_000, available: 1_000_000 });
    api.imports[0]!.end.reject(full);
  });
  await failed;
});

test('an answer that breaks off is the error', async ({ page }) => {
  await openScripted(page, withModel);
  const pieces: string[] = [];
  const answer = askPage(page, 'Why?', { onText: (piece) => pieces.push(piece) });
  const failed = expect(answer).rejects.toThrow('the shader stumbled');
  await chatBegun(page);
  await page.evaluate(() => {
    const [chat] = window.scripted.api.chats;
    chat!.emit({ type: 'text', text: 'Because' });
    chat!.end.reject(new Error('the shader stumbled'));
  });
  await failed;
});

test('when nothing happens any more it is given up', async ({ page }) => {
  await openScripted(page, withModel);
  const answer = askPage(page, 'Why?', { onText: () => undefined, patience: 1_000 });
  await expect(answer).rejects.toThrow(
    'Nothing has happened in the page for 1.0 s (stage: ready). Try again',
  );
});

/** The command as a person types it. */
async function start(model: string, ...args: string[]) {
  const command = spawn(process.execPath, ['scripts/start.js', '--port', '4190', ...args], {
    cwd: ROOT,
    env: { ...process.env, LAMINA_MODEL: model },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => command.once('close', resolve));
  const [out, said] = await Promise.all([text(command.stdout), text(command.stderr)]);
  return { exitCode: await ended, out, said };
}

test.describe('npm start -- --ask', () => {
  test.describe.configure({ mode: 'serial' });

  test('answers with the model that LAMINA_MODEL names', async () => {
    const { exitCode, out, said } = await start(
      'test/golden/gguf/llama-q4_1.gguf',
      '--ask',
      'Why is the sky blue?',
    );
    expect(exitCode, said).toBe(0);
    expect(out).toMatch(
      /\S[\s\S]*\n\n[\d.]+ tokens\/s · first token after [\d.]+ m?s · \d+ tokens · weights on the GPU at most 1\.3 MB · largest layer 0\.4 MB · read 0\.0 MB · .+\n$/,
    );
  });

  test('ends with the page’s own words when the model cannot be imported', async () => {
    const { exitCode, out, said } = await start(
      'test/golden/gguf-bad/truncated-tensor-data.gguf',
      '--ask',
      'Why?',
    );
    expect(exitCode).toBe(1);
    expect(out.trim()).toBe('');
    expect(said).toContain('The model could not be imported: ');
  });
});
