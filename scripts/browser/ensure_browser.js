import { ScriptError } from '../script_error.js';
import { aptInstall, canAptInstall } from './apt.js';
import { findBrowser } from './find_browser.js';

/**
 * The path of a browser, which is installed where there is none.
 * @returns {Promise<string>}
 * @throws ScriptError
 */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found) return found;
  if (canAptInstall()) await aptInstall(['chromium-headless-shell', 'libvulkan1']);
  const installed = await findBrowser();
  if (installed) return installed;
  throw new ScriptError(
    'There is no Chromium on this machine. Install Chromium or Chrome, or run "npx playwright install --with-deps chromium", or set CHROMIUM_BIN to the path of one; then run the same command again.',
  );
}
