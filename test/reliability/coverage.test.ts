import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const EDGE = ['reliability', 'http', 'wire', 'stores/logs']
const SETTINGS = ['stores/config', 'stores/config-store', 'admin', 'rules']
/**
 * Where names begin with an id of the reliability catalogue: money (A), streams (B), faults of an upstream (C), hostile
 * clients (D), bodies (E), storage (F), clocks and settings (H), who may do what (I). Elsewhere the same letters mean
 * rows of translation.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  A: ['reliability', 'stores/ledger'],
  B: EDGE,
  C: EDGE,
  D: EDGE,
  E: EDGE,
  F: [...EDGE, 'stores/ledger'],
  H: ['reliability', 'stores/ledger', ...SETTINGS],
  I: ['http', ...SETTINGS],
}
/** Rows that a test of this folder plays. */
const TABLES = ['support/provider/malformed.ts']

const range = (letter: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${letter}${first + at}`)

const PROMISED = [
  ...range('A', 1, 18),
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
  ...range('F', 1, 5),
  'F8',
  'F13',
  ...range('H', 5, 9),
  ...range('I', 4, 9),
  ...range('I', 15, 17),
  'I21',
]

/** What is promised and has no test of its own, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  D2: 'nginx and HAProxy in front: what they could pass on and read differently is each row of D1, and every one is refused here and ends its connection, so that no reader behind them can disagree with them.',
}

function namedIds(): Set<string> {
  const ids = new Set<string>()
  for (const [letter, folders] of Object.entries(FOLDERS))
    for (const file of [...folders.flatMap(testsOf), ...TABLES]) {
      const source = readFileSync(join(ROOT, file), 'utf8')
      for (const [, start] of source.matchAll(/['`]((?:[A-I]\d+\b ?)+)/g))
        for (const id of start!.split(' ')) if (id.startsWith(letter)) ids.add(id)
    }
  return ids
}

function testsOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.test.ts') && file !== 'coverage.test.ts')
    .map((file) => join(folder, file))
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
