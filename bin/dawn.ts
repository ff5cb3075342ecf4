import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { create, globals } from 'webgpu';
import { findBrowser } from '../scripts/browser/find_browser.js';
import { softwareDriver } from '../scripts/browser/software_driver.js';
import { NoDawnAdapterError } from './errors.ts';

/** What Chromium calls a dangerous API includes 16-bit floats on NVIDIA cards under Vulkan. */
const FLAGS = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];

/** Where distributions put SwiftShader, the Vulkan driver that comes with Chromium and runs on the CPU. */
const SWIFTSHADER_PLACES = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
  '/opt/microsoft/msedge',
  '/snap/chromium/current/usr/lib/chromium-browser',
];
const SWIFTSHADER_DRIVER = 'vk_swiftshader_icd.json';

/** Dawn is unloaded with its last `GPU` object, also under a device that is still at work. */
const kept: GPU[] = [];

/**
 * WebGPU in Node: Dawn on this machine's GPU, or on SwiftShader where it has none. Defines WebGPU's globals
 * (`GPUBufferUsage` and so on), as a browser does.
 * @throws NoDawnAdapterError
 */
export async function openDawn(): Promise<GPU> {
  Object.assign(globalThis, globals);
  // Mesa's drivers complain on standard error when it is missing, though nothing here opens a window.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const own = await adapterOf(FLAGS);
  if (own) return own;
  const driver =
    SWIFTSHADER_PLACES.map((place) => `${place}/${SWIFTSHADER_DRIVER}`).find(existsSync) ??
    (await browsersDriver());
  if (driver && !process.env.VK_DRIVER_FILES) {
    // The Vulkan loader reads it anew for each instance.
    process.env.VK_DRIVER_FILES = driver;
    const software = await adapterOf(FLAGS);
    if (software) return software;
  }
  throw new NoDawnAdapterError({ driver });
}

/** The driver beside the browser that the tests use, such as Playwright's own. */
async function browsersDriver(): Promise<string | null> {
  const browser = await findBrowser().catch(() => null);
  return browser && softwareDriver(browser);
}

/** Dawn with these flags, if it finds an adapter. */
async function adapterOf(flags: string[]): Promise<GPU | null> {
  const gpu = create(flags);
  kept.push(gpu);
  return (await gpu.requestAdapter()) ? gpu : null;
}
