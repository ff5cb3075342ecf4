import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import type { Fixture } from './pages/architectures_worker.ts';

const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
const golden = (path: string) => fileURLToPath(new URL(`../golden/${path}`, import.meta.url));

const FOLDERS: readonly Fixture[] = readdirSync(golden('arch')).map((name) => {
  const files = readdirSync(golden(`arch/${name}`));
  return {
    name,
    files: files
      .filter((file) => file !== 'expected.json' && file !== 'logits.f32')
      .map((file) => `arch/${name}/${file}`),
    expected: `arch/${name}/expected.json`,
    logits: `arch/${name}/logits.f32`,
  };
});

/** Its logits are those of the folder with the same model. */
const GPT_OSS: Fixture = {
  name: 'gpt-oss-mxfp4.gguf',
  files: ['gguf/gpt-oss-mxfp4.gguf'],
  expected: 'arch/gpt_oss/expected.json',
  logits: 'arch/gpt_oss/logits.f32',
};

const GGUF: readonly Fixture[] = readdirSync(golden('gguf'))
  .filter((file) => file.endsWith('.gguf'))
  .map((file) => file.replace(/\.gguf$/, ''))
  .filter((name) => existsSync(golden(`gguf/${name}.expected.json`)))
  .map((name) => ({
    name: `${name}.gguf`,
    files: [`gguf/${name}.gguf`],
    expected: `gguf/${name}.expected.json`,
    logits: `gguf/${name}.logits.f32`,
  }));

test('every architecture, streamed from OPFS, has the logits of its reference at every position', async ({
  page,
}) => {
  await page.goto(`${PAGES}/test/e2e/pages/architectures.html`);
  await page.waitForFunction(() => 'architectures' in window);
  expect(FOLDERS.length).toBeGreaterThanOrEqual(26);
  expect(GGUF.length).toBeGreaterThanOrEqual(9);
  for (const fixture of [...GGUF, GPT_OSS, ...FOLDERS]) {
    await test.step(fixture.name, async () => {
      const seen = await page.evaluate((it) => window.architectures.compare(it), fixture);
      expect(seen.positions).toBeGreaterThan(1);
      expect(seen.difference).toBeGreaterThan(0);
      expect(seen.difference).toBeLessThan(seen.tolerance);
      expect(seen.peak_weight_bytes).toBeGreaterThan(0);
      expect(seen.peak_weight_bytes).toBeLessThanOrEqual(seen.largest_layer_bytes);
    });
  }
});
