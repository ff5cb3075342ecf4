import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing but Node; `kernels` and `model` run WGSL on Dawn (GPU or SwiftShader). Much of the time goes into
 * compiling kernels, by one thread for each file: all cores take files.
 */
export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: { name: 'kernels', include: ['test/kernels/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        test: {
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
