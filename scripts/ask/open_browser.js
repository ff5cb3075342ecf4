import { chromium } from '@playwright/test';
import { hardwareWebGpu, SOFTWARE_WEBGPU } from '../browser/webgpu_flags.js';
import { ScriptError } from '../script_error.js';
import { say } from '../terminal.js';

/** A driver that does not work may never answer. */
const ADAPTER_MS = 30_000;

/**
 * Opens a browser without a window: on the graphics card if there is one that it can use, else on the CPU.
 * @param {string} executablePath
 * @param {string} profile folder
 * @param {string} url any address of the page's server
 * @returns {Promise<import('@playwright/test').BrowserContext>}
 * @throws ScriptError
 */
export async function openBrowser(executablePath, profile, url) {
  const hardware = hardwareWebGpu();
  if (hardware) {
    const context = await launch(executablePath, profile, hardware);
    if (await hasGpu(context, url)) return context;
    await context.close();
  }
  say(
    hardware
      ? 'The browser cannot use the GPU of this machine: WebGPU runs on the CPU, slowly.'
      : 'There is no GPU on this machine: WebGPU runs on the CPU, slowly.',
  );
  return launch(executablePath, profile, SOFTWARE_WEBGPU);
}

/**
 * @param {string} executablePath
 * @param {string} profile
 * @param {import('../browser/webgpu_flags.js').LaunchFlags} flags
 */
async function launch(executablePath, profile, flags) {
  try {
    return await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      ...flags,
    });
  } catch (error) {
    throw new ScriptError(
      `${executablePath} could not be started. Set CHROMIUM_BIN to another Chromium or Chrome. ${error}`,
      { cause: error },
    );
  }
}

/**
 * @param {import('@playwright/test').BrowserContext} context
 * @param {string} url
 */
async function hasGpu(context, url) {
  const page = await context.newPage();
  try {
    // Of this origin, but without the page's worker.
    await page.goto(new URL('models.json', url).href);
    return await page.evaluate(async (patience) => {
      const timeout = new Promise((resolve) => setTimeout(() => resolve(null), patience));
      const adapter = await Promise.race([navigator.gpu?.requestAdapter(), timeout]);
      return adapter instanceof GPUAdapter && !adapter.info.isFallbackAdapter;
    }, ADAPTER_MS);
  } finally {
    await page.close();
  }
}
