import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { vi } from 'vitest';
import { main } from '../../bin/main.ts';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs the command line.
 * @param folder packs that it imports go below this one
 */
export function runLamina(folder: string, args: readonly string[]): Promise<Run> {
  const lamina = fileURLToPath(new URL('../../bin/lamina.js', import.meta.url));
  const env = { ...process.env, LAMINA_PACKS: join(folder, 'packs') };
  return new Promise((resolve) => {
    execFile(process.execPath, [lamina, ...args], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** As {@link runLamina}, in this process, which need not start another: for command lines that end before they print. */
export async function runLaminaHere(
  folder: string,
  args: readonly string[],
): Promise<Omit<Run, 'out'>> {
  vi.stubEnv('LAMINA_PACKS', join(folder, 'packs'));
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
  const code = await main([...args]);
  const err = printed.mock.calls.map((line) => format(...line)).join('\n');
  printed.mockRestore();
  vi.unstubAllEnvs();
  return { code, err };
}
