import { defineConfig } from 'vite';

export default defineConfig({
  // Relative URLs: the built page works from any folder of any static host.
  base: './',
  build: { target: 'es2023', chunkSizeWarningLimit: 1024 },
  worker: { format: 'es' },
});
