import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import {
  answered,
  answers,
  ask,
  button,
  faintTexts,
  finish,
  MODEL,
  message,
  openChat,
  openPage,
  PAGE,
  write,
} from './scripted_page.ts';

/** The engine reports what is on the GPU. */
async function reside(page: Page, at: number | 'embedding' | 'head', bytesRead = 0): Promise<void> {
  await page.evaluate(
    ([at, bytesRead]) => {
      const { api, LAYER_BYTES: bytes } = window.scripted;
      const residence = { at, weightBytes: bytes, peakWeightBytes: bytes, bytesRead };
      api.chats.at(-1)!.emit({ type: 'residence', residence });
    },
    [at, bytesRead] as const,
  );
}

test.describe('the first visit', () => {
  test('offers the default model with its size and licence', async ({ page }) => {
    await openPage(page);
    await expect(page.getByRole('heading', { level: 1 })).toContainText('one layer at a time');
    const offer = page.getByRole('region', { name: MODEL.name });
    await expect(offer).toContainText('98.4 MB');
    await expect(offer).toContainText('Apache-2.0');
    await expect(page.getByRole('list', { name: 'This device' })).toContainText('Scripted GPU');
  });

  test('imports it with bytes, rate and the time that is left, and then chats', async ({
    page,
  }) => {
    await openPage(page);
    await button(page, 'Download and start').click();
    await expect(page.getByRole('heading', { name: MODEL.name })).toBeVisible();
    await page.evaluate(async () => {
      const [running] = window.scripted.api.imports;
      for (let i = 0; i <= 6; i++) {
        running!.progress(i * 1_000_000);
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
    });
    const bar = page.getByRole('progressbar', { name: MODEL.name });
    await expect(bar).toHaveAttribute('aria-valuenow', '6');
    await expect(page.getByRole('main')).toContainText(/6\.0.MB of 98\.4.MB · 6.%/);
    await expect(page.getByRole('main')).toContainText(/[\d.]+.MB\/s · .+ left/);
    await page.evaluate(() => {
      const { api, completePack, PACK_ID } = window.scripted;
      api.stored = [completePack()];
      api.imports[0]!.end.resolve(PACK_ID);
    });
    await expect(page.getByRole('heading', { name: `Ask ${MODEL.name}` })).toBeVisible();
    await expect(message(page)).toBeFocused();
  });

  test('cancels an import, and offers to go on with it', async ({ page }) => {
    await openPage(page);
    await button(page, 'Download and start').click();
    await page.evaluate(() => {
      const { api, completePack } = window.scripted;
      api.stored = [{ ...completePack(), complete: false, bytes: 41_000_000 }];
    });
    await button(page, 'Cancel').click();
    await expect(page.getByRole('region', { name: MODEL.name })).toContainText(
      '41.0 MB are here already',
    );
    await expect(page.getByRole('alert')).toHaveCount(0);
    await button(page, 'Continue the download').click();
    const sources = await page.evaluate(() =>
      window.scripted.api.imports.map(({ source }) => source),
    );
    expect(sources[1]).toEqual(sources[0]);
  });

  test('goes on with an import that a reload cut off', async ({ page }) => {
    await openPage(page);
    await button(page, 'Download and start').click();
    await expect(page.getByRole('progressbar')).toBeVisible();
    await openPage(page, () => {
      const { api, completePack } = window.scripted;
      api.stored = [{ ...completePack(), complete: false, bytes: 41_000_000 }];
    });
    await button(page, 'Continue the download').click();
    await expect(page.getByRole('progressbar')).toBeVisible();
  });

  test('opens a file of one’s own, from the picker or dropped on the page', async ({ page }) => {
    await openPage(page);
    const picked = page.waitForEvent('filechooser');
    await button(page, 'Open files').click();
    const file = { name: 'mine.gguf', mimeType: '', buffer: Buffer.from('GGUF') };
    await (await picked).setFiles(file);
    await expect(page.getByRole('heading', { name: 'mine.gguf' })).toBeVisible();
    await button(page, 'Cancel').click();
    await expect(button(page, 'Open files')).toBeVisible();
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['GGUF'], 'dropped.gguf'));
      const drop = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent('dragover', drop));
      document.body.dispatchEvent(new DragEvent('drop', drop));
    });
    await expect(page.getByRole('heading', { name: 'dropped.gguf' })).toBeVisible();
  });

  test('opens a model by its name, with a token that is not kept, and says why it is refused', async ({
    page,
  }) => {
    await openPage(page);
    await page.getByTestId('model-place').fill('owner/gated');
    await page.getByText('Access token').first().click();
    const token = page.getByTestId('model-token');
    await expect(token).toHaveAttribute('type', 'password');
    await token.fill('hf_secret');
    await button(page, 'Fetch and open').click();
    await expect(page.getByRole('heading', { name: 'owner/gated' })).toBeVisible();
    const [source, stored] = await page.evaluate(() => {
      const { api, modelErrors } = window.scripted;
      const refused = new modelErrors.UnsupportedArchitectureError({
        ...{
          source: 'config.json',
          key: 'model_type',
          architecture: 'rwkv7',
          supported: ['llama'],
        },
      });
      api.imports[0]!.end.reject(refused);
      return [api.imports[0]!.source, JSON.stringify({ ...localStorage })];
    });
    expect(source).toEqual({ url: 'owner/gated', token: 'hf_secret' });
    expect(stored).not.toContain('hf_secret');
    await expect(page.getByRole('alert')).toContainText('rwkv7');
  });

  test('opens a whole folder', async ({ page }) => {
    const folder = test.info().outputPath('a-model');
    mkdirSync(folder, { recursive: true });
    for (const name of ['config.json', 'model.safetensors'])
      writeFileSync(`${folder}/${name}`, name);
    await openPage(page);
    await page.getByTestId('import-folder').setInputFiles(folder);
    await expect(page.getByRole('heading', { name: 'a-model' })).toBeVisible();
    const paths = await page.evaluate(() => {
      const { source } = window.scripted.api.imports[0]!;
      return 'files' in source ? source.files.map(({ path }) => path).sort() : [];
    });
    expect(paths).toEqual(['config.json', 'model.safetensors']);
  });
});

test('a damaged model is named, mended and loaded', async ({ page }) => {
  await openPage(
    page,
    (url) => {
      const { api, completePack, PACK_ID, storeErrors } = window.scripted;
      const source = { kind: 'url', url, name: 'SmolLM2 135M Instruct' };
      const library = { current: PACK_ID, sources: { [PACK_ID]: source }, unfinished: null };
      localStorage.setItem('lamina.library', JSON.stringify(library));
      api.stored = [completePack()];
      const files = [{ file: 'layer-017.bin', pieces: [0] }];
      api.loadErrors.push(
        new storeErrors.PackCorruptedError({ pack: PACK_ID, files, layers: [17] }),
      );
    },
    'https://example.org/smollm2.gguf',
  );
  await expect(page.getByRole('main')).toContainText('Layer 17 on this disk is damaged');
  await page.evaluate(() => {
    const { api, PACK_ID } = window.scripted;
    api.imports[0]!.end.resolve(PACK_ID);
  });
  await expect(message(page)).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test.describe('the chat', () => {
  test('shows the answer as it is written, and then its figures', async ({ page }) => {
    await openChat(page);
    await ask(page, 'Why is the sky blue?');
    await expect(message(page)).toHaveValue('');
    await page.evaluate(() =>
      window.scripted.api.chats[0]!.emit({ type: 'prefill', done: 12, total: 48 }),
    );
    const answer = answers(page).last();
    await expect(answer).toContainText(/Reading the prompt, 25.%/);
    await write(page, 'Because of **Ray');
    await expect(answer.locator('strong')).toHaveText('Ray');
    await write(page, 'leigh scattering**.');
    await expect(answer).toContainText('Because of Rayleigh scattering.');
    await finish(page, 'Because of **Rayleigh scattering**.');
    const statistics = answer.getByRole('list', { name: 'Statistics' });
    await expect(statistics).toContainText(/13\.1.tokens\/s/);
    await expect(statistics).toContainText(/421.ms to the first token/);
    await expect(statistics).toContainText(/212.tokens/);
  });

  test('stops an answer, and keeps what there is of it', async ({ page }) => {
    await openChat(page);
    await ask(page, 'Why?');
    await write(page, 'Because');
    await button(page, 'Stop').click();
    await expect(button(page, 'Stopping')).toBeDisabled();
    await finish(page, 'Because', 'cancelled');
    await expect(answers(page)).toContainText('Because');
    await expect(answers(page)).toContainText('Stopped');
    await expect(button(page, 'Send')).toBeVisible();
    await expect(message(page)).toBeFocused();
  });

  test('takes a second click on Send for nothing, not for Stop', async ({ page }) => {
    await openChat(page);
    await message(page).fill('Why?');
    await button(page, 'Send').dblclick();
    await expect(button(page, 'Stop')).toBeEnabled();
    expect(await page.evaluate(() => window.scripted.api.stops)).toBe(0);
  });

  test('begins anew, and gets the last chat back', async ({ page }) => {
    await openChat(page);
    await answered(page, 'Why?', 'So.');
    await button(page, 'New chat').click();
    await expect(answers(page)).toHaveCount(0);
    await expect(message(page)).toBeFocused();
    await button(page, 'Back to the last chat').click();
    await expect(answers(page)).toContainText('So.');
  });

  test('asks an example without touching the draft', async ({ page }) => {
    await openChat(page);
    await message(page).fill('half a thought');
    await button(page, 'Why is the sky blue?').click();
    await expect(page.getByTestId('question')).toContainText('Why is the sky blue?');
    await expect(message(page)).toHaveValue('half a thought');
    await expect(message(page)).toBeFocused();
  });

  test('makes a new line with Shift and Enter, and leaves Enter to the input method', async ({
    page,
  }) => {
    await openChat(page);
    await message(page).pressSequentially('One');
    await message(page).press('Shift+Enter');
    await message(page).pressSequentially('Two');
    await expect(message(page)).toHaveValue('One\nTwo');
    const sent = await message(page).evaluate((field) => {
      const enter = { key: 'Enter', bubbles: true, cancelable: true };
      field.dispatchEvent(new KeyboardEvent('keydown', { ...enter, isComposing: true }));
      field.dispatchEvent(new KeyboardEvent('keydown', { ...enter, keyCode: 229 }));
      return window.scripted.api.chats.length;
    });
    expect(sent).toBe(0);
  });

  test('comes back after a reload, also in mid-answer, with the draft', async ({ page }) => {
    await openChat(page);
    await answered(page, 'One?', 'First.');
    await ask(page, 'Two?');
    await write(page, 'Sec');
    await message(page).fill('half a thought');
    await openChat(page);
    await expect(answers(page).first()).toContainText('First.');
    await expect(answers(page).last()).toContainText('Sec');
    await expect(answers(page).last()).toContainText('The answer was interrupted');
    await expect(message(page)).toHaveValue('half a thought');
    await button(page, 'Try again').click();
    await page.waitForFunction(() => window.scripted.api.chats.length === 1);
    await finish(page, 'Second.');
    await expect(answers(page)).toHaveCount(2);
    await expect(answers(page).last()).toContainText('Second.');
  });

  test('follows the answer to its end, until the reader scrolls up', async ({ page }) => {
    await openChat(page);
    await ask(page, 'Count.');
    const scroller = page.getByRole('region', { name: 'Conversation' });
    const gap = () =>
      scroller.evaluate((e) => Math.round(e.scrollHeight - e.scrollTop - e.clientHeight));
    await write(page, Array.from({ length: 60 }, (_, i) => `${i}\n\n`).join(''));
    await expect.poll(gap).toBe(0);
    await scroller.hover();
    await page.mouse.wheel(0, -600);
    await expect(button(page, 'To the latest message')).toBeVisible();
    const before = await scroller.evaluate((e) => e.scrollTop);
    await write(page, 'and more\n\n'.repeat(20));
    await expect(answers(page)).toContainText('and more');
    expect(await scroller.evaluate((e) => e.scrollTop)).toBe(before);
    await button(page, 'To the latest message').click();
    await expect.poll(gap).toBe(0);
    await expect(button(page, 'To the latest message')).toHaveCount(0);
  });

  test('does not move the message field while an answer is written', async ({ page }) => {
    await openChat(page);
    const before = await message(page).boundingBox();
    await ask(page, 'Why?');
    await write(page, 'Because.\n\n'.repeat(40));
    expect(await message(page).boundingBox()).toEqual(before);
    await finish(page, 'Because.\n\n'.repeat(40));
    await expect(answers(page).getByRole('list', { name: 'Statistics' })).toBeVisible();
    expect(await message(page).boundingBox()).toEqual(before);
  });

  test('shows thoughts folded and apart, and copies the answer alone', async ({
    page,
    context,
  }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await openChat(page);
    await ask(page, 'Why?');
    const think = (text: string) =>
      page.evaluate((text) => window.scripted.api.chats[0]!.emit({ type: 'thinking', text }), text);
    await think('Light, ');
    await think('and air.');
    const thoughts = page.getByTestId('thinking');
    await expect(answers(page)).toContainText('Thinking');
    await expect(thoughts.getByText('Light, and air.')).toBeHidden();
    await write(page, 'Scattering.');
    await page.evaluate(() => {
      const { api, resultOf } = window.scripted;
      api.chats[0]!.end.resolve(resultOf('Scattering.', 'stop', 'Light, and air.'));
    });
    await thoughts.getByText('Thoughts').click();
    await expect(thoughts.getByText('Light, and air.')).toBeVisible();
    await page.getByTestId('copy').click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('Scattering.');
  });

  test('copies an answer as it was written, and code as code', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await openChat(page);
    const text = 'Use **this**:\n\n```js\nf(a < b);\n```';
    await answered(page, 'How?', text);
    await answers(page).getByRole('figure').getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('f(a < b);\n');
    await page.getByTestId('copy').click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  });
});

test.describe('the layer strip', () => {
  const strip = (page: Page) => page.getByRole('complementary', { name: 'Layers on the GPU' });

  /** For each cell, the colour in the middle of its plate and at the end that only a lit plate reaches. */
  const colours = (page: Page) =>
    strip(page)
      .getByRole('img')
      .evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { width, height } = canvas;
        const pixel = (x: number, y: number) =>
          [...canvas.getContext('2d')!.getImageData(x, y, 1, 1).data].join();
        const pitch = height / 33.8;
        return Array.from({ length: 32 }, (_, cell) => {
          const y = Math.floor((cell + (cell === 0 ? 0 : cell === 31 ? 1.8 : 0.9) + 0.34) * pitch);
          return { plate: pixel(4, y), reach: pixel(width - 3, y) };
        });
      });

  for (const scheme of ['light', 'dark'] as const) {
    const [plate, lit] =
      scheme === 'light'
        ? ['211,205,192,255', '226,98,10,255']
        : ['56,53,47,255', '255,166,72,255'];

    test(`lights the layer that is on the GPU, in ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await openChat(page);
      await ask(page, 'Why?');
      await reside(page, 11, 3_400_000_000);
      await expect.poll(async () => (await colours(page))[12]).toEqual({ plate: lit, reach: lit });
      const cells = await colours(page);
      expect(cells.filter((cell) => cell.plate === plate && cell.reach === '0,0,0,0').length).toBe(
        31,
      );
      await expect(strip(page)).toContainText('layer 11');
      await expect(strip(page)).toContainText(/2\.2.MB of 98\.4.MB on the GPU/);
      await expect(strip(page)).toContainText(/Read from disk3\.4.GB/);
    });
  }

  test('goes dark again when the answer has ended', async ({ page }) => {
    await openChat(page);
    await ask(page, 'Why?');
    await reside(page, 'head');
    await expect(strip(page).locator('.now')).toHaveText('head');
    await finish(page, 'So.');
    await expect(strip(page).locator('.now')).toHaveText('idle');
    await expect
      .poll(async () => (await colours(page)).filter(({ reach }) => reach !== '0,0,0,0').length)
      .toBe(0);
  });

  test('leaves a trail, except for people who asked for less motion', async ({ page }) => {
    const litCells = async () => {
      const [unlit] = await colours(page);
      return (await colours(page)).filter(({ plate }) => plate !== unlit!.plate).length;
    };
    await openChat(page);
    await ask(page, 'Why?');
    // It fades within a second, which a busy machine may be late for.
    await expect
      .poll(async () => {
        await reside(page, 3);
        await reside(page, 20);
        return litCells();
      })
      .toBeGreaterThan(10);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openChat(page);
    await ask(page, 'And?');
    await reside(page, 3);
    await reside(page, 20);
    await expect(strip(page)).toContainText('layer 20');
    expect(await litCells()).toBe(1);
  });
});

test.describe('a failure says what to do', () => {
  test('no WebGPU', async ({ page }) => {
    await openPage(page, () => {
      const { api, gpuErrors } = window.scripted;
      api.environmentError = new gpuErrors.WebGpuUnavailableError();
    });
    await expect(page.getByRole('alert')).toContainText('Use a current Chrome, Edge, Safari or');
    await expect(page.getByRole('main')).toContainText('26 or newer, on macOS');
  });

  test('no adapter', async ({ page }) => {
    await openPage(page, () => {
      const { api, gpuErrors } = window.scripted;
      api.environmentError = new gpuErrors.NoAdapterError();
    });
    await expect(page.getByRole('alert')).toContainText('Switch on hardware acceleration');
  });

  test('a device lost between two answers, which the next question brings back', async ({
    page,
  }) => {
    await openChat(page);
    await answered(page, 'One?', 'First.');
    await page.evaluate(() => {
      const { api, gpuErrors } = window.scripted;
      api.lost.resolve(new gpuErrors.DeviceLostError({ reason: 'reset' }).message);
    });
    await expect(page.getByRole('alert')).toContainText('Load the model again');
    await button(page, 'Dismiss').click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await answered(page, 'Two?', 'Second.');
    expect(await page.evaluate(() => window.scripted.api.loads.length)).toBe(2);
  });

  test('a device lost in mid-answer is told once, and the answer can be asked for again', async ({
    page,
  }) => {
    await openChat(page);
    await ask(page, 'Why?');
    await write(page, 'Because');
    await page.evaluate(() => {
      const { api, gpuErrors } = window.scripted;
      const error = new gpuErrors.DeviceLostError({ reason: 'reset' });
      api.lost.resolve(error.message);
      api.chats[0]!.end.reject(error);
    });
    await expect(page.getByRole('heading', { name: 'The GPU went away' })).toHaveCount(1);
    await expect(answers(page)).toContainText('Because');
    await button(page, 'Try again').click();
    await page.waitForFunction(() => window.scripted.api.chats.length === 2);
    expect(await page.evaluate(() => window.scripted.api.loads.length)).toBe(2);
  });

  test('a failed import, which can be tried again', async ({ page }) => {
    await openPage(page);
    await button(page, 'Download and start').click();
    await page.evaluate(() => {
      const { api, storeErrors } = window.scripted;
      const shortage = { needed: 98_000_000, available: 12_000_000 };
      api.imports[0]!.end.reject(new storeErrors.StorageQuotaError(shortage));
    });
    await expect(page.getByRole('alert')).toContainText('86.0 MB');
    await expect(page.getByRole('alert')).toContainText('free space on the disk');
    await button(page, 'Try again').click();
    await expect(page.getByRole('progressbar')).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
  });

  test('a conversation that is too long goes on in a new chat', async ({ page }) => {
    await openChat(page);
    await ask(page, 'A long question');
    await page.evaluate(() => {
      const { api, engineErrors } = window.scripted;
      api.chats[0]!.end.reject(new engineErrors.ContextLengthError({ tokens: 9120, limit: 8192 }));
    });
    await expect(answers(page)).toContainText('9120 tokens; this model can hold 8192');
    await button(page, 'Ask in a new chat').click();
    await expect(answers(page)).toHaveCount(0);
    await expect(message(page)).toHaveValue('A long question');
    await expect(message(page)).toBeFocused();
  });

  test('a list of models that is missing leaves files to open', async ({ page }) => {
    await page.route('**/models.json', (route) => route.fulfill({ status: 404 }));
    await page.goto(PAGE);
    await page.waitForFunction(() => 'scripted' in window);
    await page.evaluate(() => window.scripted.open());
    await expect(page.getByRole('alert')).toContainText('404');
    await expect(button(page, 'Open files')).toBeEnabled();
  });
});

for (const garbage of ['', '{', 'null', '7', '[null]', '[{"role":"user"}]', '{"current":[]}']) {
  test(`records that are ${JSON.stringify(garbage)} do not break the page`, async ({ page }) => {
    await openPage(
      page,
      (text) => {
        for (const name of ['conversation', 'settings', 'library', 'draft']) {
          localStorage.setItem(`lamina.${name}`, text);
        }
        window.scripted.api.stored = [window.scripted.completePack()];
      },
      garbage,
    );
    await answered(page, 'Why?', 'So.');
    await expect(answers(page)).toContainText('So.');
  });
}

test.describe('models on the disk', () => {
  test('can be removed, the loaded one too, after a second click', async ({ page }) => {
    await openChat(page);
    await button(page, 'Model: smollm2').click();
    const menu = page.getByRole('region', { name: 'Models' });
    await menu.getByRole('button', { name: 'Remove smollm2' }).click();
    await menu.getByRole('button', { name: 'Really remove smollm2' }).click();
    await expect(button(page, 'Download and start')).toBeVisible();
    expect(await page.evaluate(() => window.scripted.api.stored)).toEqual([]);
  });

  test('can be verified and exported to one file, as a download where there is no save dialog', async ({
    page,
  }) => {
    await openPage(page, () => {
      Object.assign(window, { showSaveFilePicker: undefined });
      window.scripted.api.stored = [window.scripted.completePack()];
    });
    await button(page, 'Model: smollm2').click();
    const menu = page.getByRole('region', { name: 'Models' });
    await menu.getByRole('button', { name: 'Verify smollm2' }).click();
    await page.evaluate(() => window.scripted.api.verifications[0]!.progress(50_000_000));
    await expect(menu.getByRole('progressbar', { name: 'Verifying' })).toBeVisible();
    await expect(menu.getByRole('button', { name: 'Export smollm2' })).toBeDisabled();
    await page.evaluate(() => window.scripted.api.verifications[0]!.end.resolve());
    await expect(menu).toContainText('every file is whole');

    const saved = page.waitForEvent('download');
    await menu.getByRole('button', { name: 'Export smollm2' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/^smollm2.*\.tar$/);
    expect(readFileSync(await download.path(), 'utf8')).toBe('the pack, in two parts');
    await expect(menu).toContainText('Exported');
  });

  test('can be chosen, and the one on offer fetched', async ({ page }) => {
    await openPage(page, () => {
      const { api, completePack } = window.scripted;
      api.stored = [completePack(), completePack('other', 'Another model')];
    });
    await button(page, 'Model: smollm2').click();
    await button(page, 'Use Another model').click();
    await button(page, 'Model: Another model').click();
    await button(page, `Download ${MODEL.name}`).click();
    await expect(page.getByRole('progressbar', { name: MODEL.name })).toBeVisible();
  });
});

test('settings are kept when they are valid, and say what is wrong when not', async ({ page }) => {
  await openChat(page);
  await button(page, 'Settings').click();
  const temperature = page.getByRole('textbox', { name: 'Temperature' });
  await temperature.fill('9');
  await expect(temperature).toHaveAttribute('aria-invalid', 'true');
  await expect(temperature).toHaveAccessibleDescription(
    'Temperature must be a number from 0 to 5.',
  );
  await temperature.fill('0,5');
  await expect(temperature).toHaveAttribute('aria-invalid', 'false');
  await page.getByRole('textbox', { name: 'System message' }).fill('Be brief.');
  await page.keyboard.press('Escape');
  await expect(temperature).toBeHidden();
  await expect(button(page, 'Settings')).toBeFocused();
  await openChat(page);
  await ask(page, 'Why?');
  const run = await page.evaluate(() => {
    const { messages, options } = window.scripted.api.chats[0]!;
    return { messages, options };
  });
  expect(run.options.temperature).toBe(0.5);
  expect(run.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
});

test.describe('what a model writes', () => {
  test('fetches nothing, runs nothing, and opens links apart', async ({ page }) => {
    await openChat(page);
    const outside: string[] = [];
    page.on('request', (request) => outside.push(request.url()));
    const hostile = [
      '![x](https://evil.example/a.png)',
      '<img src="https://evil.example/b.png" onerror="window.ran = 1">',
      '<script>window.ran = 1</script>',
      '<svg onload="window.ran = 1"></svg>',
      '<iframe src="https://evil.example"></iframe>',
      '<style>@import "https://evil.example/c.css";</style>',
      '[click](javascript:window.ran=1)',
      '```"><img/src=x/onerror=window.ran=1>\ncode\n```',
      '[page](https://example.org/)',
    ].join('\n\n');
    await answered(page, 'Why?', hostile);
    const answer = answers(page);
    await expect(answer.locator('img, script, svg, iframe, style')).toHaveCount(0);
    await expect(answer).toContainText('<script>window.ran = 1</script>');
    const link = answer.getByRole('link');
    await expect(link).toHaveCount(1);
    await expect(link).toHaveAttribute('rel', 'noopener noreferrer');
    await expect(link).toHaveAttribute('target', '_blank');
    expect(await page.evaluate(() => 'ran' in window)).toBe(false);
    expect(outside).toEqual([]);
  });

  test('is stopped by the sanitiser too, should Markdown ever let it through', async ({ page }) => {
    await openPage(page);
    const clean = (html: string) => page.evaluate((html) => window.scripted.sanitize(html), html);
    expect(await clean('<p onclick="x" style="color:red" data-x="1">a</p>')).toBe('<p>a</p>');
    expect(await clean('<img src=x onerror=y><svg><script>1</script></svg>')).toBe('');
    expect(await clean('<a href="javascript:x">a</a>')).toBe('<a>a</a>');
    expect(await clean('<input type="password"><form action="x"><b>b</b></form>')).toBe('b');
    const box = '<input type="checkbox" disabled="" checked="">';
    expect(await clean(`<ul><li>${box} a</li></ul>`)).toContain('type="checkbox"');
  });

  test('passes the sanitiser as it left Markdown', async ({ page }) => {
    await openPage(page);
    const [before, after] = await page.evaluate(() => {
      const { markdownBlocks, sanitize } = window.scripted;
      const text =
        '# A\n\n1. **b** *c* ~~d~~ `e`\n\n> f\n\n---\n\n| g |\n| -: |\n| h |\n\n```js\ni\n```\n\n[j](https://k.example/) l  \nm';
      const html = markdownBlocks(text, false).join('');
      const parsed = document.createElement('template');
      parsed.innerHTML = html;
      const sanitised = document.createElement('template');
      sanitised.innerHTML = sanitize(html);
      return [parsed.content, sanitised.content].map((content) =>
        [...content.querySelectorAll('*')].map((e) =>
          [e.tagName, ...e.getAttributeNames().sort(), e.textContent].join(' '),
        ),
      );
    });
    expect(after).toEqual(before);
  });

  test('reads from right to left where it is written so; code does not', async ({ page }) => {
    await openChat(page);
    await answered(
      page,
      'لماذا السماء زرقاء؟',
      'السماء زرقاء بسبب **تشتت**.\n\n```js\nlet a;\n```',
    );
    await expect(page.getByTestId('question')).toHaveCSS('direction', 'rtl');
    await expect(answers(page).locator('p')).toHaveCSS('direction', 'rtl');
    await expect(answers(page).getByRole('figure')).toHaveCSS('direction', 'ltr');
  });
});

test.describe('on a phone of 320 pixels', () => {
  test.use({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });

  const overflow = (page: Page) =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );

  const smallTargets = (page: Page) =>
    page
      .locator('button:visible, textarea:visible, input:visible')
      .evaluateAll((elements) =>
        elements
          .filter((e) => e.getBoundingClientRect().height < 44 || e.clientWidth < 40)
          .map((e) => e.outerHTML),
      );

  test('nothing is wider than the page, whatever the model writes', async ({ page }) => {
    await openChat(page);
    const columns = Array.from({ length: 12 }, (_, i) => ` column ${i} |`).join('');
    const wide = [
      'x'.repeat(400),
      `\`${'code'.repeat(90)}\``,
      `https://example.org/${'path/'.repeat(60)}`,
      `|${columns}\n|${' --- |'.repeat(12)}\n|${columns}`,
      `\`\`\`js\n${'let a = 1; '.repeat(40)}\n\`\`\``,
      `${'> '.repeat(40)}deep`,
      Array.from({ length: 20 }, (_, i) => `${'  '.repeat(i)}- item`).join('\n'),
      '👩‍👩‍👧‍👦'.repeat(60),
    ].join('\n\n');
    await answered(page, `Donau${'dampf'.repeat(60)}schiff`, wide);
    expect(await overflow(page)).toBe(0);
    const scroller = page.getByRole('region', { name: 'Conversation' });
    expect(await scroller.evaluate((e) => e.scrollWidth - e.clientWidth)).toBe(0);
    await expect(message(page)).toBeInViewport();
  });

  test('every screen fits, and everything can be hit with a thumb', async ({ page }) => {
    await openPage(page);
    await expect(button(page, 'Download and start')).toBeVisible();
    expect(await overflow(page)).toBe(0);
    expect(await smallTargets(page)).toEqual([]);
    await openChat(page);
    await answered(page, 'Why?', 'So:\n\n```js\nf();\n```');
    expect(await overflow(page)).toBe(0);
    expect(await smallTargets(page)).toEqual([]);
    for (const name of ['Settings', 'Model: smollm2']) {
      await button(page, name).click();
      expect(await overflow(page)).toBe(0);
      expect(await smallTargets(page)).toEqual([]);
      await page.keyboard.press('Escape');
    }
  });
});

test.describe('without a mouse or without sight', () => {
  test('the first visit is done by key alone', async ({ page }) => {
    await openPage(page);
    await expect(button(page, 'Download and start')).toBeVisible();
    await page.keyboard.press('Tab');
    await expect(button(page, 'Download and start')).toBeFocused();
    await expect(button(page, 'Download and start')).toHaveCSS('outline-style', 'solid');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('main')).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(button(page, 'Cancel')).toBeFocused();
  });

  test('the chat is walked through from top to bottom', async ({ page }) => {
    await openChat(page);
    await answered(page, 'Why?', 'See [this](https://example.org/).');
    await message(page).fill('More');
    await page.getByRole('banner').getByRole('button').first().focus();
    const walked: string[] = [];
    for (let i = 0; i < 7; i++) {
      walked.push(
        await page.evaluate(() => {
          const e = document.activeElement!;
          return e.getAttribute('aria-label') ?? e.textContent!.trim();
        }),
      );
      await page.keyboard.press('Tab');
    }
    expect(walked).toEqual([
      'Model: smollm2',
      'New chat',
      'Settings',
      'this',
      'Copy',
      'Message',
      'Send',
    ]);
  });

  test('it is told when a model loads, and when an answer begins and is whole', async ({
    page,
  }) => {
    await openChat(page);
    const status = page.getByRole('status');
    await expect(status.filter({ hasText: 'smollm2 is ready.' })).toHaveCount(1);
    await ask(page, 'Why?');
    await expect(status.filter({ hasText: 'Answering.' })).toHaveCount(1);
    await write(page, 'Bec');
    await expect(answers(page)).toContainText('Bec');
    await expect(status.filter({ hasText: 'Bec' })).toHaveCount(0);
    await finish(page, 'Because.');
    await expect(status.filter({ hasText: 'Because.' })).toHaveCount(1);
  });

  test('nothing moves for people who asked for less motion', async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openChat(page);
    await ask(page, 'Why?');
    await expect(answers(page)).toContainText('Reading the prompt');
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
  });

  for (const scheme of ['light', 'dark'] as const) {
    test(`all text can be read, in ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await openPage(page, () => {
        window.scripted.api.software = true;
      });
      await expect(button(page, 'Download and start')).toBeVisible();
      expect(await faintTexts(page)).toEqual([]);
      await openChat(page);
      await answered(page, 'Why?', '> a\n\n[b](https://c.example/) `d`\n\n```js\ne\n```');
      await ask(page, 'And?');
      await page.evaluate(() => window.scripted.api.chats[1]!.end.reject(new Error('odd')));
      await button(page, 'Settings').click();
      await page.getByRole('textbox', { name: 'Top-p' }).fill('7');
      expect(await faintTexts(page)).toEqual([]);
    });
  }
});
