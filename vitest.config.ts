import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'cmd/**/*.test.ts',
            'tools/**/*.test.ts',
            'bench/**/*.test.ts',
            'proof/**/*.test.ts',
            'chaos/**/*.test.ts',
            'fuzz/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['e2e/kube/**', 'e2e/istio/**', 'e2e/jaeger/**'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // They wait more than they compute; everything has ports and folders of its own.
          maxWorkers: 2,
          // Two dozen real processes on a machine that others share: a test that timed out once is tried again.
          retry: 2,
        },
      },
      {
        test: {
          name: 'kube',
          include: ['e2e/kube/**/*.test.ts'],
          exclude: ['e2e/kube/node/**'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // An API server on a machine that others share: a test that timed out once is tried again.
          retry: 1,
        },
      },
      {
        test: {
          name: 'kube-node',
          include: ['e2e/kube/node/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e-jaeger',
          include: ['e2e/jaeger/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e-istio',
          include: ['e2e/istio/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          retry: 1,
        },
      },
    ],
  },
});
