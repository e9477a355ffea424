import { defineConfig } from 'vitest/config'

const inCi = process.env['CI'] !== undefined

/**
 * Three projects under one command. Unit tests share their modules between files, which makes the whole set take
 * about as long as one; end-to-end tests start real servers and programs, so they run one file at a time; tests of
 * reliability start a gateway for each file and mostly wait.
 */
export default defineConfig({
  test: {
    pool: 'threads',
    reporters: ['default', './test/support/closing-line.ts'],
    allowOnly: !inCi,
    // What is waited for comes sooner or later; a busy machine makes it later.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/reliability/**'],
          isolate: false,
          // Other programs may keep the machine busy.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          // Agents are programs that each keep a core busy.
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'reliability',
          include: ['test/reliability/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
