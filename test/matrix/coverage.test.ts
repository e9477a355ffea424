import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EXCEPTIONS } from './exceptions.ts'

/** Every row of both lists, by its id. */
const LISTS = [
  ...range('#', 1, 75),
  ...range('A', 1, 22),
  ...range('B', 1, 18),
  ...range('C', 1, 8),
  ...range('D', 1, 10),
  ...range('E', 1, 12),
  ...range('F', 1, 10),
  ...range('G', 1, 8),
  ...range('H', 1, 6),
  ...range('I', 1, 8),
  ...range('J', 1, 13),
  ...range('K', 1, 8),
  ...range('L', 1, 5),
  ...range('M', 1, 5),
]

function range(letter: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => `${letter}${first + at}`)
}

/** Ids in the names of rows, tests and groups: they begin with one. */
function namedIds(): Set<string> {
  const ids = new Set<string>()
  for (const file of readdirSync(import.meta.dirname)) {
    if (!file.endsWith('.test.ts')) continue
    const source = readFileSync(`${import.meta.dirname}/${file}`, 'utf8')
    for (const [, name] of source.matchAll(/['`]((?:#\d+|[A-M]\d+)\b[^'`]*)['`]/g)) {
      for (const [id] of name!.matchAll(/#\d+|\b[A-M]\d+\b/g)) ids.add(id)
    }
  }
  return ids
}

describe('coverage of the lists', () => {
  const named = namedIds()

  it.each(LISTS)('%s has a test or a reason', (id) => {
    expect(named.has(id) || Object.hasOwn(EXCEPTIONS, id)).toBe(true)
  })

  it.each(Object.keys(EXCEPTIONS))('the exception %s has no test', (id) => {
    expect(LISTS).toContain(id)
    expect(named.has(id)).toBe(false)
  })

  const places = Object.entries(EXCEPTIONS).flatMap(([id, why]) =>
    [...why.matchAll(/\b(?:test|docs|src)\/[\w./-]*\w/g)].map(([place]) => [id, place] as const),
  )
  it.each(places)('the exception %s names %s, which is there', (_id, place) => {
    expect(existsSync(`${import.meta.dirname}/../../${place}`)).toBe(true)
  })
})
