import { defineConfig, type Plugin } from 'vite';
import { ensureModel } from './scripts/default_model.js';
import { modelFiles } from './scripts/server/model_files.js';

/** In development, too, the models are beside the page. */
const models: Plugin = {
  name: 'lamina-models',
  async configureServer({ middlewares }) {
    middlewares.use(await modelFiles(await ensureModel()));
  },
};

export default defineConfig({
  // Relative URLs: the built page works from any folder of any static host.
  base: './',
  build: { target: 'es2023', chunkSizeWarningLimit: 1024 },
  plugins: [models],
  // Not every page that is somewhere below: some need packages that may not be here.
  optimizeDeps: { entries: ['index.html', 'test/e2e/pages/*.html', 'bench/peers/lamina.html'] },
  server: {
    watch: {
      ignored: ['.browser', '.models', '.packs', 'dist', 'dist-bench', 'test-results'].map(
        (name) => `**/${name}/**`,
      ),
    },
  },
  worker: { format: 'es' },
});
