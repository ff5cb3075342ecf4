import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Lamina's page alone, in a folder that any static server can serve; `bench_peers.js` adds the others that it runs. */
export default defineConfig({
  root: path('.'),
  base: './',
  publicDir: false,
  build: {
    target: 'es2023',
    outDir: path('../../dist-bench/peers'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2048,
    rolldownOptions: { input: [path('lamina.html')] },
  },
  worker: { format: 'es' },
});
