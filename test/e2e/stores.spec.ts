import { chromium, expect, type Page, test } from '@playwright/test';
import { storeCases } from '../unit/store/weight_store_suite.ts';
import type { StoreKind } from './pages/stores_worker.ts';

/** The development server that serves this repository's pages for tests. */
const PAGE = `${process.env.TEST_PAGES_URL ?? 'http://localhost:4175'}/test/e2e/pages/stores.html`;
/** A model in two layers; each file of its pack is read in one piece. */
const MODEL = '/test/golden/gguf/llama-q4_1.gguf';
const FILES = 4;
const KINDS: readonly StoreKind[] = ['opfs', 'indexeddb'];

async function openPage(page: Page): Promise<void> {
  await page.goto(PAGE);
  await page.waitForFunction(() => 'startWorker' in window);
}

for (const kind of KINDS) {
  test.describe(`the ${kind} store in a worker`, () => {
    for (const { name } of storeCases) {
      test(name, async ({ page }) => {
        await openPage(page);
        await page.evaluate(([kind, name]) => window.startWorker().api.run(kind, name), [
          kind,
          name,
        ] as const);
      });
    }

    test('a file that a killed worker left half written is not there, and can be written again', async ({
      page,
    }) => {
      await openPage(page);
      const after = await page.evaluate(async (kind) => {
        const killed = window.startWorker();
        await killed.api.leaveHalfWritten(kind, 'pack', 'a.bin');
        killed.terminate();
        const { api } = window.startWorker();
        const packs = await api.list(kind);
        await api.write(kind, 'pack', 'a.bin', 1000);
        return { packs, same: await api.read(kind, 'pack', 'a.bin') };
      }, kind);
      expect(after).toEqual({ packs: [], same: true });
    });

    test('an import whose tab was killed goes on from the files that are whole', async ({
      page,
      context,
    }) => {
      await openPage(page);
      // Where every file of the pack begins in the checkpoint, by a first import.
      const whole = await page.evaluate(
        async ([kind, url]) => {
          const { api } = window.startWorker();
          const reads = await api.import(kind, url);
          await api.removeAll(kind);
          return reads;
        },
        [kind, MODEL] as const,
      );
      await page.evaluate(
        async ([kind, url, stopAt]) => {
          const { api } = window.startWorker();
          void api.import(kind, url, stopAt);
          // One when it begins, and one after each of the two files before that read.
          await api.stopped(3);
        },
        [kind, MODEL, whole.at(-2)] as const,
      );
      await page.close();

      const reopened = await context.newPage();
      await openPage(reopened);
      const after = await reopened.evaluate(
        async ([kind, url]) => {
          const { api } = window.startWorker();
          return { error: await api.openingError(kind), reads: await api.import(kind, url) };
        },
        [kind, MODEL] as const,
      );
      expect(after.error).toBe('PackIncompleteError');
      expect(after.reads).toEqual([...whole.slice(0, -FILES), ...whole.slice(-2)]);
    });

    test('two tabs cannot import into one pack at the same time', async ({ page, context }) => {
      await openPage(page);
      await page.evaluate(
        async ([kind, url]) => {
          const { api } = window.startWorker();
          void api.import(kind, url, 'weights');
          await api.stopped(0);
        },
        [kind, MODEL] as const,
      );
      const other = await context.newPage();
      await openPage(other);
      const error = await other.evaluate(
        ([kind, url]) => window.startWorker().api.importError(kind, url),
        [kind, MODEL] as const,
      );
      expect(error).toBe('StoreLockedError');
    });

    test('a flipped bit in a layer is found, and only that layer is read again', async ({
      page,
    }) => {
      await openPage(page);
      const { whole, mended } = await page.evaluate(
        async ([kind, url]) => {
          const { api } = window.startWorker();
          const whole = await api.import(kind, url);
          return { whole, mended: await api.damageAndMend(kind, url, 'layer-001.bin') };
        },
        [kind, MODEL] as const,
      );
      expect(mended).toMatchObject({ error: 'PackCorruptedError', layers: [1] });
      expect(mended.reads).toEqual([...whole.slice(0, -FILES), whole.at(-FILES + 2)]);
    });

    test('files outlive the page', async ({ page }) => {
      await openPage(page);
      await page.evaluate(
        (kind) => window.startWorker().api.write(kind, 'pack', 'a.bin', 5_000_000),
        kind,
      );
      await openPage(page);
      const same = await page.evaluate(
        (kind) => window.startWorker().api.read(kind, 'pack', 'a.bin'),
        kind,
      );
      expect(same).toBe(true);
    });
  });
}

test('a thread hashes what is sent to it, and says so when it cannot start', async ({ page }) => {
  await openPage(page);
  const { hash, error } = await page.evaluate(async () => {
    const { api } = window.startWorker();
    return { hash: await api.hash(), error: await api.hashErrorWithoutScript() };
  });
  expect(hash.hashed).toMatch(/^[0-9a-f]{64}$/);
  expect(hash.hashed).toBe(hash.expected);
  expect(error).toBe('HashThreadError');
});

test('OPFS is chosen where its synchronous handles work', async ({ page }) => {
  await openPage(page);
  expect(await page.evaluate(() => window.startWorker().api.chosen())).toBe('opfs');
});

test('IndexedDB is chosen where there are no synchronous handles', async ({ page }) => {
  await openPage(page);
  const kind = await page.evaluate(() => window.startWorker().api.chosenWithoutSyncHandles());
  expect(kind).toBe('indexeddb');
});

test('two tabs read the same file in OPFS, and neither can remove it under the other', async ({
  page,
  context,
}) => {
  await openPage(page);
  await page.evaluate(async () => {
    const { api } = window.startWorker();
    await api.write('opfs', 'pack', 'a.bin', 1000);
    await api.hold('opfs', 'pack', 'a.bin');
  });
  const other = await context.newPage();
  await openPage(other);
  const seen = await other.evaluate(async () => {
    const { api } = window.startWorker();
    const same = await api.read('opfs', 'pack', 'a.bin');
    return { same, error: await api.removalError('opfs', 'pack', 'a.bin') };
  });
  expect(seen).toEqual({ same: true, error: 'StoreLockedError' });
});

test('a file that another tab is writing in OPFS is locked', async ({ page, context }) => {
  await openPage(page);
  await page.evaluate(() => window.startWorker().api.leaveHalfWritten('opfs', 'pack', 'a.bin'));
  const other = await context.newPage();
  await openPage(other);
  const error = await other.evaluate(() =>
    window.startWorker().api.creationError('opfs', 'pack', 'a.bin'),
  );
  expect(error).toBe('StoreLockedError');
});

for (const kind of KINDS) {
  test(`a full ${kind} store gives the typed error`, async ({ launchOptions }, info) => {
    // Without a profile on the disk Chromium sets no limit to OPFS.
    const context = await chromium.launchPersistentContext(
      info.outputPath('profile'),
      launchOptions,
    );
    try {
      const page = await context.newPage();
      await openPage(page);
      const client = await context.newCDPSession(page);
      const { origin } = new URL(PAGE);
      await client.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 20 * 2 ** 20 });
      const { error, left } = await page.evaluate(
        (kind) => window.startWorker().api.fill(kind, 64 * 2 ** 20),
        kind,
      );
      expect(error).toBe('StorageQuotaError');
      expect(left).toEqual([]);
    } finally {
      await context.close();
    }
  });
}
