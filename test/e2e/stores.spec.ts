import { chromium, expect, type Page, test } from '@playwright/test';
import { storeCases } from '../unit/store/weight_store_suite.ts';
import type { StoreKind } from './pages/stores_worker.ts';

/** The development server that serves this repository's pages for tests. */
const PAGE = `${process.env.TEST_PAGES_URL ?? 'http://localhost:4175'}/test/e2e/pages/stores.html`;
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
