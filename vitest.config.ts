import { defineConfig } from 'vitest/config';

/**
 * `unit` needs nothing but Node; the others run WGSL on Dawn (GPU or SwiftShader). Much of the time goes into compiling
 * kernels, by one thread for each file: all cores take files, but of `timing`, which wants the machine for itself.
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
          name: 'timing',
          include: ['test/timing/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
        },
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
