#!/usr/bin/env node
// Node 20 runs neither TypeScript nor imports of .wgsl files: Vite does both, without a build.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('./main.ts', import.meta.url)), {
  configFile: false,
  root: fileURLToPath(new URL('..', import.meta.url)),
  logLevel: 'error',
});
process.exitCode = await module.main(process.argv.slice(2));
// Dawn's threads would keep the process alive.
process.exit();
