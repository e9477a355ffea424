import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toMarkdown } from '../../bench/report.ts'
import type { Result } from '../../bench/report.ts'
import { readPage } from './pages.ts'

const latest = JSON.parse(readFileSync('bench/results/latest.json', 'utf8')) as Result
const markdown = readFileSync('bench/results/latest.md', 'utf8')

/** The first cells of the first table after the heading, but for its head. */
function firstCells(text: string): string[] {
  const [, , ...rows] = text.slice(text.indexOf('\n|') + 1).split('\n')
  const end = rows.findIndex((row) => !row.startsWith('|'))
  return rows.slice(0, end).map((row) => row.split('|')[1]!.trim())
}

it('bench/results/latest.md is what latest.json says', () => {
  expect(markdown).toBe(`# The last benchmark\n\n${toMarkdown(latest)}\n`)
})

it('docs/performance.md explains each row of it, and no other', () => {
  const { text } = readPage('docs/performance.md')
  const rows = firstCells(markdown)
  expect(rows.length).toBeGreaterThan(5)
  expect(firstCells(text.slice(text.indexOf('## The rows')))).toEqual(rows)
})
