import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/**
 * Where names begin with an id of the reliability catalogue: streams (B), faults of an upstream (C), hostile
 * clients (D), bodies (E), storage (F). The same letters mean rows of translation in `matrix/` and `protocols/`.
 */
const FOLDERS = ['reliability', 'http', 'wire', 'stores/logs']
/** Rows that a test of this folder plays. */
const TABLES = ['support/provider/malformed.ts']

const range = (letter: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${letter}${first + at}`)

const PROMISED = [
  'B1',
  'B2',
  ...range('B', 5, 12),
  'B14',
  ...range('C', 1, 14),
  ...range('C', 15, 18),
  'C20',
  ...range('D', 1, 14),
  ...range('D', 18, 20),
  ...range('E', 1, 10),
  'F3',
  'F8',
]

/** What is promised and has no test of its own, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  D2: 'nginx and HAProxy in front: what they could pass on and read differently is each row of D1, and every one is refused here and ends its connection, so that no reader behind them can disagree with them.',
}

function namedIds(): Set<string> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.test.ts') && file !== 'coverage.test.ts')
      .map((file) => join(folder, file)),
  )
  const ids = new Set<string>()
  for (const file of [...files, ...TABLES]) {
    const source = readFileSync(join(ROOT, file), 'utf8')
    for (const [, start] of source.matchAll(/['`]((?:[B-F]\d+\b ?)+)/g)) {
      for (const [id] of start!.matchAll(/[B-F]\d+/g)) ids.add(id)
    }
  }
  return ids
}

describe('the catalogue of faults', () => {
  const named = namedIds()

  it.each(PROMISED)('%s has a test or a reason', (id) => {
    expect(named.has(id) || Object.hasOwn(EXCEPTIONS, id)).toBe(true)
  })

  it.each(Object.keys(EXCEPTIONS))('the exception %s has no test', (id) => {
    expect(PROMISED).toContain(id)
    expect(named.has(id)).toBe(false)
  })
})
