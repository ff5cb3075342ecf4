import { spawn } from 'node:child_process';

/**
 * Opens an address in the browser of whoever sits here; does nothing where nobody does.
 * @param {string} url
 * @returns {boolean} whether there is a display
 */
export function showPage(url) {
  const { env, platform } = process;
  const display = platform === 'linux' ? env.DISPLAY || env.WAYLAND_DISPLAY : !env.SSH_CONNECTION;
  if (!display || env.CI) return false;
  const [program, ...args] = opener(platform, url);
  const child = spawn(program, args, { detached: true, stdio: 'ignore' });
  // The address has been printed: whoever lacks the program opens it by hand.
  child.once('error', () => undefined);
  child.unref();
  return true;
}

/**
 * @param {NodeJS.Platform} platform
 * @param {string} url
 * @returns {[string, ...string[]]}
 */
function opener(platform, url) {
  if (platform === 'darwin') return ['open', url];
  if (platform === 'win32') return ['cmd', '/c', 'start', '', url];
  return ['xdg-open', url];
}
