import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: {
      'syncgen/client': source('./runtime/client/index.ts'),
      'syncgen/server': source('./runtime/server/index.ts'),
      'syncgen/protocol': source('./runtime/protocol/index.ts'),
      'syncgen/testing': source('./runtime/testing/index.ts'),
    },
  },
  test: {
    include: ['{generator,runtime,tests}/**/*.test.ts'],
    globalSetup: ['tests/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
