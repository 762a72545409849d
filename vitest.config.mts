import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**', 'node_modules/**'],
          testTimeout: 60_000,
          maxWorkers: 3,
          // Many start processes, sshd and etcd of their own, and wait for them; vitest says which tests needed their second try.
          retry: 1,
          typecheck: { enabled: false },
        },
      },
      {
        // Lab tests share one lab and its hosts, so they run one file at a time.
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
          // Whole hosts boot on a machine that others may load too; vitest says which tests needed their second try.
          retry: 1,
        },
      },
    ],
  },
});
