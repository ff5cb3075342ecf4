import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';

const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
const MODEL = '/models/SmolLM2-135M-Instruct.Q4_1.gguf';
const TINY = 'gguf/llama-q4_1.gguf';

interface BadFile {
  readonly file: string;
  readonly expect: string;
}
const BAD_FILES = JSON.parse(
  readFileSync(new URL('../golden/gguf-bad/index.json', import.meta.url), 'utf8'),
).files as BadFile[];

async function openPage(page: Page): Promise<void> {
  await page.goto(`${PAGES}/test/e2e/pages/worker.html`);
  await page.waitForFunction(() => 'lamina' in window);
}

function importTiny(page: Page): Promise<string> {
  return page.evaluate(
    async (path) =>
      window.lamina.api.importModel(
        window.lamina.chosen(await window.lamina.file(path)),
        () => undefined,
      ),
    TINY,
  );
}

test.beforeEach(({ page }) => openPage(page));

test('says what the browser offers', async ({ page }) => {
  const { adapter, store } = await page.evaluate(() => window.lamina.api.environment());
  expect(adapter.software).toBe(true);
  expect(store).toBe('opfs');
});

test('over a whole chat never has more on the GPU than the largest layer, and every event comes before the result', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const { model, turns } = await page.evaluate(async (pack) => {
    const model = await window.lamina.api.load(pack, () => undefined);
    const turns = [];
    for (const question of ['One', 'Two and three']) {
      turns.push(await window.lamina.chat(question, 12));
    }
    return { model, turns };
  }, pack);
  const largest = Math.max(...model.layerBytes);
  for (const { result, events, late } of turns) {
    expect(late).toBe(0);
    const texts = events.flatMap((event) => (event.type === 'text' ? [event.text] : []));
    expect(texts.join('')).toBe(result.text);
    const seen = events.flatMap((event) => (event.type === 'residence' ? [event.residence] : []));
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)!.at).toBeNull();
    for (const { weightBytes, peakWeightBytes } of seen) {
      expect(weightBytes).toBeLessThanOrEqual(largest);
      expect(peakWeightBytes).toBeLessThanOrEqual(largest);
    }
    expect(result.statistics.peak_weight_bytes).toBeLessThanOrEqual(largest);
    expect(result.statistics.bytes_read).toBeGreaterThan(0);
  }
});

test('plans a model before and after its import, remembers what it measured, and loads as planned', async ({
  page,
}) => {
  const seen = await page.evaluate(async (path) => {
    const { lamina } = window;
    const { api } = lamina;
    const file = await lamina.file(path);
    const before = await api.plan(lamina.chosen(file));
    const pack = await api.importModel(lamina.chosen(file), () => undefined);
    const after = await api.plan(pack);
    const tight = await api.plan(pack, { budget: before.plan.most_bytes - 1 });
    const model = await api.load(pack, () => undefined, { residency: 'auto' });
    return { before, after, tight, model, packs: await api.packs() };
  }, TINY);
  const { before, after, tight, model, packs } = seen;
  expect(before.plan.residency).toBe('resident');
  expect(before.plan.prediction.decode_tokens_per_second).toBeGreaterThan(0);
  expect(after.rates).toEqual(before.rates);
  expect(tight.plan.most_bytes).toBeLessThan(before.plan.most_bytes);
  expect(model.residency).toBe('resident');
  expect(model.plan!.prediction).toEqual(after.plan.prediction);
  expect(model.residence.weightBytes).toBe(model.plan!.bytes.weights);
  expect(packs).toHaveLength(1);
});

test('a flipped byte in a layer is reported, never run, and mended from the same file', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const error = await page.evaluate(async (pack) => {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle('lamina-packs')).getDirectoryHandle(pack);
    const file = await folder.getFileHandle('layer-001.bin');
    const byte = new Uint8Array(await (await file.getFile()).slice(5000, 5001).arrayBuffer());
    const writable = await file.createWritable({ keepExistingData: true });
    await writable.write({ type: 'write', position: 5000, data: Uint8Array.of(byte[0]! ^ 1) });
    await writable.close();
    return window.lamina.errorOf((api) => api.load(pack, () => undefined));
  }, pack);
  expect(error).toMatchObject({
    name: 'PackCorruptedError',
    constructorName: 'PackCorruptedError',
    details: { layers: [1] },
  });
  expect(error!.message).toContain('layer 1');
  const notLoaded = await page.evaluate(() =>
    window.lamina.errorOf((api) => api.chat([], {}, () => undefined)),
  );
  expect(notLoaded!.name).toBe('NoModelError');

  expect(await importTiny(page)).toBe(pack);
  const { result } = await page.evaluate(async (pack) => {
    await window.lamina.api.load(pack, () => undefined);
    return window.lamina.chat('One', 3);
  }, pack);
  expect(result.token_ids).toHaveLength(3);
});

test('an import goes on from the verified files after the tab was killed in its middle', async ({
  page,
  context,
}) => {
  // The tab ends when the first layers have been written; the model is large enough to be far from done.
  await page.evaluate(
    (url) =>
      new Promise<void>((resolve) => {
        void window.lamina.api.importModel(
          { url: new URL(url, location.href).href },
          ({ phase, filesDone }) => {
            if (phase === 'importing' && filesDone >= 3) resolve();
          },
        );
      }),
    MODEL,
  );
  await page.close();

  const reopened = await context.newPage();
  await openPage(reopened);
  const { before, notOpened, verified, after } = await reopened.evaluate(async (url) => {
    const { lamina } = window;
    const before = await lamina.api.packs();
    const notOpened = await lamina.errorOf((api) => api.load(before[0]!.id, () => undefined));
    let verified = 0;
    await lamina.api.importModel(
      { url: new URL(url, location.href).href },
      ({ phase, filesDone }) => {
        if (phase === 'verifying') verified = filesDone;
      },
    );
    return { before, notOpened, verified, after: await lamina.api.packs() };
  }, MODEL);
  expect(before.map(({ complete }) => complete)).toEqual([false]);
  expect(notOpened!.name).toBe('PackIncompleteError');
  // The last file may have been whole, and not yet written down as such.
  expect(verified).toBeGreaterThanOrEqual(2);
  expect(verified).toBeLessThan(32);
  expect(after.map(({ complete }) => complete)).toEqual([true]);
});

test('a cancelled import ends with its error, and leaves what was finished', async ({ page }) => {
  const error = await page.evaluate((url) => {
    const { lamina } = window;
    const abort = new AbortController();
    const onProgress = ({ filesDone }: { filesDone: number }) => {
      if (filesDone === 1) abort.abort();
    };
    return lamina.errorOf((api) =>
      api.importModel({ url: new URL(url, location.href).href }, onProgress, null, abort.signal),
    );
  }, MODEL);
  expect(error!.name).toBe('ImportCancelledError');
  const packs = await page.evaluate(() => window.lamina.api.packs());
  expect(packs.map(({ complete }) => complete)).toEqual([false]);
});

test('every broken file is refused with a typed error, and nothing is left in the store', async ({
  page,
}) => {
  const outcomes = await page.evaluate(
    async (files) => {
      const { lamina } = window;
      const outcomes = [];
      for (const file of files) {
        const chosen = await lamina.file(`gguf-bad/${file}`);
        const started = performance.now();
        const error = await lamina.errorOf((api) =>
          api.importModel(lamina.chosen(chosen), () => undefined),
        );
        outcomes.push({ file, error, ms: performance.now() - started });
      }
      return { outcomes, packs: await lamina.api.packs() };
    },
    BAD_FILES.filter(({ expect }) => expect !== 'error-when-run').map(({ file }) => file),
  );
  for (const { file, error, ms } of outcomes.outcomes) {
    expect(error, file).not.toBeNull();
    // A class of its own, not a TypeError or RangeError that something tripped over.
    expect(error!.constructorName, file).toBe(error!.name);
    expect(error!.name, file).not.toMatch(/^(Type|Range|Syntax|Reference)?Error$/);
    expect(ms, file).toBeLessThan(5000);
  }
  expect(outcomes.packs).toEqual([]);
});

test('weights that give no numbers end the answer with a typed error', async ({ page }) => {
  const error = await page.evaluate(async () => {
    const { lamina } = window;
    const file = await lamina.file('gguf-bad/nan-scales.gguf');
    const pack = await lamina.api.importModel(lamina.chosen(file), () => undefined);
    return lamina.errorOf(async (api) => {
      await api.load(pack, () => undefined);
      await api.chat([{ role: 'user', content: 'x' }], {}, () => undefined);
    });
  });
  expect(error!.name).toBe('NonFiniteLogitsError');
});

test('a pack goes to one file and back, also while it is in use, and a damaged file is refused whole', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const seen = await page.evaluate(async (pack) => {
    const { lamina } = window;
    const { api } = lamina;
    await api.load(pack, () => undefined);
    await api.verifyPack(pack, () => undefined);
    const parts: Blob[] = [];
    let size = 0;
    await api.exportPack(pack, async (part) => {
      size = part.size;
      parts.push(new Blob([part.bytes]));
    });
    const exported = new File(parts, 'model.tar');
    const take = (file: File) => api.importModel(lamina.chosen(file), () => undefined);
    const twice = await lamina.errorOf(() => take(exported));
    await api.removePack(pack);
    const bytes = new Uint8Array(await exported.arrayBuffer());
    bytes[bytes.length - 5_000]! ^= 1;
    const damaged = await lamina.errorOf(() => take(new File([bytes], 'model.tar')));
    const left = await api.packs();
    const back = await take(exported);
    await api.load(back, () => undefined);
    const { result } = await lamina.chat('One', 3);
    return { size, exported: exported.size, twice, damaged, left, back, tokens: result.token_ids };
  }, pack);
  expect(seen.exported).toBe(seen.size);
  expect(seen.twice!.name).toBe('PackExistsError');
  expect(seen.damaged!.name).toBe('PackCorruptedError');
  expect(seen.left).toEqual([]);
  expect(seen.back).toBe(pack);
  expect(seen.tokens).toHaveLength(3);
});

test('quantizes at import, to what it said it would take, and tells the errors', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const { lamina } = window;
    const { api } = lamina;
    const plain = lamina.chosen(await lamina.file('gguf/qwen2-f16.gguf'));
    const choices = await api.importChoices(plain);
    const quantized = await api.importModel(plain, () => undefined, 'Q8_0');
    const kept = await api.importModel(plain, () => undefined);
    const model = await api.load(quantized, () => undefined);
    const { result } = await lamina.chat('One', 3);
    const tar = lamina.chosen(new File([], 'model.tar'));
    const refused = await lamina.errorOf((api) => api.importModel(tar, () => undefined, 'Q8_0'));
    const file = lamina.chosen(await lamina.file('gguf-bad/truncated-tensor-data.gguf'));
    const broken = await lamina.errorOf((api) => api.importChoices(file));
    const nothing = await lamina.errorOf((api) => api.importChoices({ url: 'nonsense' }));
    const errors = [refused, broken, nothing].map((error) => error!.name);
    return { choices, quantized, kept, model, result, errors, packs: await api.packs() };
  });
  const { layerBytes, embeddingBytes, headBytes } = seen.model;
  const bytes = layerBytes.reduce((sum, bytes) => sum + bytes, embeddingBytes + headBytes);
  const named = { quantize: 'Q8_0', pack: seen.quantized, bytes };
  expect(seen.choices).toContainEqual(named);
  expect(seen.choices[0]).toMatchObject({ quantize: null, pack: seen.kept });
  expect(seen.result.token_ids).toHaveLength(3);
  const told = new Map(seen.packs.map(({ id, quantization }) => [id, quantization]));
  expect(told.get(seen.kept)).toBeNull();
  const { type, mean_error, worst } = told.get(seen.quantized)!;
  expect(type).toBe('Q8_0');
  expect(mean_error).toBeGreaterThan(0.001);
  expect(worst!.relative_error).toBeLessThan(0.01);
  expect(seen.errors).toEqual(['ExportedAsItIsError', 'GgufTruncatedError', 'ModelLocationError']);
});

test('a model that was asked about is imported without its header being fetched again', async ({
  page,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { range } = request.headers();
    if (request.url().endsWith('.gguf') && range?.startsWith('bytes=0-')) asked.push(range);
  });
  const importOf = (about: boolean) =>
    page.evaluate(async (about) => {
      const { api } = window.lamina;
      const url = new URL('/test/golden/gguf/qwen2-f16.gguf', location.href).href;
      if (about) await api.importChoices({ url });
      return api.importModel({ url }, () => undefined, about ? 'Q8_0' : null);
    }, about);
  await importOf(false);
  const alone = asked.length;
  expect(alone).toBeGreaterThan(0);
  await importOf(true);
  expect(asked.length).toBe(2 * alone);
});

test('a verification and an export end when they are cancelled, and the model is as it was', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const { verified, exported, parts, after } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    const verified = await lamina.errorOf((api) =>
      api.verifyPack(pack, () => undefined, AbortSignal.abort()),
    );
    const abort = new AbortController();
    let parts = 0;
    const exported = await lamina.errorOf((api) =>
      api.exportPack(
        pack,
        async () => {
          parts += 1;
          abort.abort();
          // The signal is on its way to the worker.
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
        abort.signal,
      ),
    );
    await lamina.api.verifyPack(pack, () => undefined);
    const after = await lamina.api.packs();
    return { verified, exported, parts, after };
  }, pack);
  for (const error of [verified, exported]) {
    expect(error!.name).toBe('PackTaskCancelledError');
    expect(error!.constructorName).toBe('PackTaskCancelledError');
  }
  expect(parts).toBe(1);
  expect(after.map(({ id, complete }) => [id, complete])).toEqual([[pack, true]]);
});

test('a removed model is gone, also when it was loaded', async ({ page }) => {
  const pack = await importTiny(page);
  const { packs, error } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    await lamina.api.load(pack, () => undefined);
    await lamina.api.removePack(pack);
    const error = await lamina.errorOf((api) => api.load(pack, () => undefined));
    return { packs: await lamina.api.packs(), error };
  }, pack);
  expect(packs).toEqual([]);
  expect(error!.name).toBe('PackNotFoundError');
});

test('only one answer is written at a time, and stopping ends it', async ({ page }) => {
  const pack = await importTiny(page);
  const { busy, result } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    await lamina.api.load(pack, () => undefined);
    const running = lamina.chat('Tell me everything', 400);
    const busy = await lamina.errorOf((api) => api.chat([], {}, () => undefined));
    await lamina.api.stop();
    return { busy, result: (await running).result };
  }, pack);
  expect(busy!.name).toBe('EngineBusyError');
  expect(result.finish_reason).toBe('cancelled');
});

test('a residency that changes in mid-conversation leaves the cache, and the answers are as without the change', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const { model, changed, unchanged, refused, afterRefusal } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    const model = await lamina.api.load(pack, () => undefined, { residency: 'strict' });
    const part = Math.max(...model.layerBytes);
    const changes = [
      { residency: 'resident' },
      { residency: 'streaming', budget_weights: part },
      { residency: 'strict' },
    ] as const;
    /** Four questions, with a change before each but the first. */
    const converse = async (change: boolean) => {
      const before: { role: 'user' | 'assistant'; content: string }[] = [];
      const turns = [];
      for (const [i, content] of ['One', 'Two', 'Three', 'Four'].entries()) {
        const way = change && i > 0 ? await lamina.api.setResidency(changes[i - 1]!) : null;
        const { result } = await lamina.chat(content, 8, before);
        before.push({ role: 'user', content }, { role: 'assistant', content: result.text });
        const { token_ids, statistics } = result;
        turns.push({
          token_ids,
          cached: statistics.cached_tokens,
          read: statistics.bytes_read,
          way,
        });
      }
      return turns;
    };
    const changed = await converse(true);
    const small = { residency: 'resident', budget: 1e5 } as const;
    const refused = await lamina.errorOf((api) => api.setResidency(small));
    const afterRefusal = await lamina.chat('One', 8);
    await lamina.api.load(pack, () => undefined, { residency: 'strict' });
    return { model, changed, unchanged: await converse(false), refused, afterRefusal };
  }, pack);
  const kept = ({ token_ids, cached }: (typeof changed)[number]) => ({ token_ids, cached });
  expect(changed.map(kept)).toEqual(unchanged.map(kept));
  for (const { cached } of changed.slice(1)) expect(cached).toBeGreaterThan(0);
  const [, resident, streaming, strict] = changed;
  expect(resident!.way!.residency).toBe('resident');
  expect(resident!.read).toBe(0);
  expect(streaming!.way!.residency).toBe('streaming');
  expect(streaming!.read).toBeGreaterThan(0);
  expect(streaming!.read).toBeLessThan(unchanged[2]!.read);
  expect(strict!.read).toBe(unchanged[3]!.read);
  const largest = Math.max(...model.layerBytes);
  expect(strict!.way!.residence.weightBytes).toBeLessThanOrEqual(largest);
  expect(resident!.way!.residence.weightBytes).toBeGreaterThan(
    streaming!.way!.residence.weightBytes,
  );
  // The model that is refused what it cannot do answers as it did.
  expect(refused!.name).toBe('BudgetTooSmallError');
  expect(refused!.constructorName).toBe('BudgetTooSmallError');
  expect(afterRefusal.result.token_ids).toEqual(unchanged[0]!.token_ids);
});

test('a residency that is asked for in mid-answer ends the answer', async ({ page }) => {
  const pack = await importTiny(page);
  const { result, model } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    await lamina.api.load(pack, () => undefined);
    const running = lamina.chat('Tell me everything', 400);
    const model = await lamina.api.setResidency({ residency: 'resident' });
    return { result: (await running).result, model };
  }, pack);
  expect(result.finish_reason).toBe('cancelled');
  expect(model.residency).toBe('resident');
});

test('measures the ring and the model that is loaded, which answers afterwards as before', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const { report, names, packs, busy, before, after } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    await lamina.api.load(pack, () => undefined);
    const before = await lamina.chat('One', 5);
    const names: string[] = [];
    const measuring = lamina.api.diagnose(({ name }) => names.push(name), ['ring', 'model']);
    const busy = await lamina.errorOf((api) => api.chat([], {}, () => undefined));
    const report = await measuring;
    return {
      report,
      names,
      packs: await lamina.api.packs(),
      busy,
      before: before.result,
      after: (await lamina.chat('One', 5)).result,
    };
  }, pack);
  expect(busy!.name).toBe('EngineBusyError');
  expect(report.kernels).toBeUndefined();
  expect(report.ring!.store).toBe('opfs');
  for (const { bytes_rate } of report.ring!.results) expect(bytes_rate.min).toBeGreaterThan(0);
  const [strict] = report.model!.results;
  expect(strict!.residency).toBe('strict');
  expect(strict!.streamed_bytes_per_token).toBeGreaterThan(0);
  expect(strict!.decode_tokens_rate.min).toBeGreaterThan(0);
  expect(names).toContain('6 pieces of 4 MiB');
  expect(names).toContain(`${report.model!.name}, what predictions go by`);
  expect(packs.map(({ id }) => id)).toEqual([pack]);
  expect(after.token_ids).toEqual(before.token_ids);
  expect(after.statistics.cached_tokens).toBe(0);
  // From what was measured, answers are predicted.
  expect(before.statistics.predicted).toBeNull();
  expect(after.statistics.predicted!.tokens_per_second).toBeGreaterThan(0);
});

test('a measurement that is stopped ends with its error, and the model can be used', async ({
  page,
}) => {
  const pack = await importTiny(page);
  const { error, result } = await page.evaluate(async (pack) => {
    const { lamina } = window;
    await lamina.api.load(pack, () => undefined);
    const error = await lamina.errorOf((api) =>
      api.diagnose(({ done }) => {
        if (done === 2) void api.stop();
      }),
    );
    return { error, result: (await lamina.chat('One', 3)).result };
  }, pack);
  expect(error!.name).toBe('BenchCancelledError');
  expect(error!.constructorName).toBe('BenchCancelledError');
  expect(result.token_ids).toHaveLength(3);
});
