import { readdirSync } from 'node:fs';

/**
 * How Chromium is launched.
 * @typedef {{ readonly args: string[], readonly ignoreDefaultArgs?: string[] }} LaunchFlags
 */

/**
 * WebGPU on the CPU: right, and slow; the same on every machine.
 * @type {LaunchFlags}
 */
export const SOFTWARE_WEBGPU = {
  args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
};

/**
 * WebGPU on a graphics card, without a window: on Linux through Vulkan, with 16-bit floats also on NVIDIA cards.
 * @type {LaunchFlags}
 */
const LINUX_WEBGPU = {
  args: [
    '--enable-unsafe-webgpu',
    '--ignore-gpu-blocklist',
    '--use-angle=vulkan',
    '--enable-features=Vulkan',
    '--disable-vulkan-surface',
    '--enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  ],
  ignoreDefaultArgs: ['--enable-unsafe-swiftshader', '--disable-gpu'],
};

/**
 * The flags for this machine's graphics card; null when it has none.
 * @returns {LaunchFlags | null}
 */
export function hardwareWebGpu() {
  if (process.platform !== 'linux') return { args: ['--enable-unsafe-webgpu'] };
  return hasDevice('/dev/dri', /^renderD/) || hasDevice('/dev', /^nvidia\d/) ? LINUX_WEBGPU : null;
}

/**
 * @param {string} folder
 * @param {RegExp} name
 */
function hasDevice(folder, name) {
  try {
    return readdirSync(folder).some((entry) => name.test(entry));
  } catch {
    return false;
  }
}
