import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, PAGES, parsePage, readPage } from './pages.ts'
import type { Page } from './pages.ts'

/** Links of a page that lead nowhere; addresses on the web are not looked at. */
function broken(page: Page): string[] {
  const targets = [...page.prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? page.path : posix.join(posix.dirname(page.path), file)
    if (file !== '' && !existsSync(path)) return true
    return anchor !== undefined && !anchorsOf(file === '' ? page : readPage(path)).has(anchor)
  })
}

describe.each(PAGES.map((page) => [page.path, page] as const))('%s', (_path, page) => {
  it('has links that lead somewhere', () => expect(broken(page)).toEqual([]))

  it('has one title', () => {
    expect(page.prose.match(/^# /gm)).toHaveLength(1)
  })
})

it('finds what is broken: a file, an anchor', () => {
  const page = parsePage(
    'docs/page.md',
    '# A b\n[a](#a-b) [b](#c) [c](none.md) [d](settings.md#settings) [e](../README.md#x)',
  )
  expect(broken(page)).toEqual(['#c', 'none.md', '../README.md#x'])
})

it('every page is linked from another', () => {
  const linked = PAGES.flatMap((page) =>
    [...page.prose.matchAll(/\]\(([^)#\s]+)/g)].map(([, target]) =>
      posix.join(posix.dirname(page.path), target!),
    ),
  )
  expect(
    PAGES.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.includes(path)),
  ).toEqual([])
})
