import { writeSync } from 'node:fs'

import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends a run with one plain line, `812 passed, 0 failed`, for machines that read no tables. A file that does not
 * load and an error outside of any test count as one failure each. In CI a skipped test fails the run: what was
 * not run there was not run at all.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed') count[state] += 1
        else count.skipped += 1
      }
    }
    if (process.env['CI'] !== undefined && count.skipped > 0) process.exitCode = 1
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    // Only at the exit has every other reporter said its last word.
    process.once('exit', () => writeSync(1, `${count.passed} passed, ${count.failed} failed${skipped}\n`))
  }
}
