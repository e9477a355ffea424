import { describe, expect, it } from 'vitest'
import { readSources } from '../support/sources.ts'
import { readPage } from './pages.ts'

/** The table of rooms in ARCHITECTURE.md: what each holds, and what it imports. */
const rows = [
  ...readPage('ARCHITECTURE.md').text.matchAll(/^\| `src\/([\w.-]+)\/?` \| [^|]+ \| ([^|]+) \|$/gm),
]
const table = new Map(rows.map(([, room, imports]) => [room!, imports!.trim()]))

const room = (path: string) => path.split('/')[0]!
const sources = readSources()

describe('ARCHITECTURE.md', () => {
  it('lists the rooms that there are', () => {
    expect([...table.keys()].toSorted()).toEqual(
      [...new Set(sources.map(({ path }) => room(path)))].toSorted(),
    )
  })

  it.each([...table])('%s imports no more than %s', (name, listed) => {
    if (listed === 'everything') return
    const allowed = listed === 'nothing' ? [] : listed.split(', ')
    const outside = sources
      .filter(({ path }) => room(path) === name)
      .flatMap(({ imports }) => imports.filter((to) => /\.(ts|json)$/.test(to)).map(room))
      .filter((to) => to !== name && !allowed.includes(to))
    expect([...new Set(outside)]).toEqual([])
    for (const each of allowed) expect(table.has(each)).toBe(true)
  })
})
