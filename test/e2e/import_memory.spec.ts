import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { measureImport } from '../../bench/import_memory/measure_import.js';
import { ensureBrowser } from '../../scripts/browser/ensure_browser.js';
import { inProject } from '../../scripts/project.js';
import { withTemporaryFolder } from '../../scripts/temporary_folder.js';

const run = promisify(execFile);
const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
/** Two reads, two pieces, two threads to hash them, and what waits for the collector. */
const MOST_GROWTH = 150e6;

/** A Llama of about 300 MB in F16. */
const SHAPE = [
  ...['--shape', 'custom', '--type', 'F16', '--layers', '12', '--hidden-size', '1024'],
  ...['--intermediate-size', '3072', '--attention-heads', '16', '--key-value-heads', '16'],
  ...['--vocab-size', '4096', '--context-length', '128'],
];

test('an import holds a part of the checkpoint and no more', async () => {
  test.skip(process.platform !== 'linux', 'only Linux tells the memory of a tree of processes');
  const browser = await ensureBrowser();
  await withTemporaryFolder(inProject('.browser'), async (folder) => {
    const file = join(folder, 'model.gguf');
    await run(process.execPath, [inProject('bin/lamina.js'), 'synth', ...SHAPE, '--out', file]);
    const { size: bytes } = await stat(file);
    const profile = join(folder, 'profile');
    const seen = await measureImport({ file, quantize: null, pages: PAGES, browser, profile });
    const growth = seen.peak - seen.before;
    console.log(`${(bytes / 1e6).toFixed(0)} MB imported, ${(growth / 1e6).toFixed(0)} MB more`);
    expect(seen.samples).toBeGreaterThan(5);
    expect(growth).toBeGreaterThan(10e6);
    expect(growth).toBeLessThan(MOST_GROWTH);
  });
});
