import { defineConfig } from '@playwright/test';
import { ensureBrowser } from './scripts/browser/ensure_browser.js';
import { SOFTWARE_WEBGPU } from './scripts/browser/webgpu_flags.js';

const MINUTE = 60_000;

/** Node warns that Playwright sets FORCE_COLOR where NO_COLOR is set. */
const env = { NODE_NO_WARNINGS: '1' };

/**
 * Tests of the built page go to `baseURL`, tests of single rooms to pages below `TEST_PAGES_URL`. Both servers take the next
 * port where theirs is taken, and say which. WebGPU runs on SwiftShader, so that every machine tests the same.
 */
export default defineConfig({
  testDir: 'test/e2e',
  timeout: 5 * MINUTE,
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  reporter: 'list',
  use: {
    baseURL: process.env.PAGE_URL,
    trace: 'retain-on-failure',
    launchOptions: { executablePath: await ensureBrowser(), ...SOFTWARE_WEBGPU },
  },
  webServer: [
    {
      name: 'page',
      command: 'node scripts/start.js --no-open --port 4180',
      wait: { stdout: /(?<page_url>http:\/\/localhost:\d+)\// },
      timeout: 5 * MINUTE,
      env,
    },
    {
      name: 'test pages',
      command: 'node node_modules/vite/bin/vite.js --port 4175',
      wait: { stdout: /(?<test_pages_url>http:\/\/localhost:\d+)\// },
      timeout: 5 * MINUTE,
      env,
    },
  ],
});
