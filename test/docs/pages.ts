import { globSync, readFileSync } from 'node:fs'

/** One page of the documentation. */
export interface Page {
  /** From the root of the repository, with forward slashes. */
  path: string
  text: string
  /** Fenced blocks, without their fences. */
  blocks: { language: string; text: string; line: number }[]
  /** The text without fenced blocks. */
  prose: string
  /** Everything in backticks outside of the blocks. */
  spans: string[]
}

const FENCE = /^```(\w*)\n([^]*?)^```$/gm

export function readPage(path: string): Page {
  return parsePage(path, readFileSync(path, 'utf8'))
}

export function parsePage(path: string, text: string): Page {
  const blocks = [...text.matchAll(FENCE)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    line: text.slice(0, match.index).split('\n').length,
  }))
  const prose = text.replaceAll(FENCE, '')
  return { path, text, blocks, prose, spans: [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!) }
}

/** Every page, those of the root first. */
export const PAGES: readonly Page[] = globSync(['*.md', 'docs/**/*.md'])
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b))
  .map(readPage)

/** The anchors that headings get: lower case, punctuation gone, spaces as dashes. */
export function anchorsOf(page: Page): Set<string> {
  return new Set(
    [...page.prose.matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}

/** Lines that are typed into a shell: those of blocks, and spans that begin with a program. */
export function commandsOf(page: Page): string[] {
  const lines = page.blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
  return [...lines, ...page.spans].map((line) => line.trim()).filter((line) => line !== '')
}
