import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptError } from '../script_error.js';
import { aptInstall, canAptInstall } from './apt.js';

const LOADER = 'libvulkan.so.1';
const FOLDERS = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/usr/local/lib'];

/**
 * Sees to it that Linux has the Vulkan loader, through which Dawn in Node reaches a GPU or SwiftShader. On other
 * systems Dawn needs none.
 * @throws ScriptError
 */
export async function ensureVulkanLoader() {
  if (process.platform !== 'linux' || hasLoader()) return;
  if (canAptInstall()) await aptInstall(['libvulkan1']);
  if (hasLoader()) return;
  throw new ScriptError(
    'The Vulkan loader is missing, through which WebGPU runs in Node. Install it (on Debian and Ubuntu: apt-get install libvulkan1; on Fedora: dnf install vulkan-loader), then run the same command again.',
  );
}

function hasLoader() {
  const { LD_LIBRARY_PATH = '' } = process.env;
  const folders = [...LD_LIBRARY_PATH.split(':').filter(Boolean), ...FOLDERS.flatMap(withTriplets)];
  return folders.some((folder) => list(folder).includes(LOADER));
}

/**
 * A folder of libraries, and those inside for one architecture each: `x86_64-linux-gnu`.
 * @param {string} folder
 */
function withTriplets(folder) {
  const inside = list(folder).filter((name) => name.includes('-linux-'));
  return [folder, ...inside.map((name) => join(folder, name))];
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
