import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The Vulkan driver for the CPU that comes with a Chromium: with it WebGPU runs also where there is no GPU.
 * @param {string} browser path of its program
 * @returns {string | null}
 */
export function softwareDriver(browser) {
  const path = join(dirname(realpathSync(browser)), 'vk_swiftshader_icd.json');
  return existsSync(path) ? path : null;
}
