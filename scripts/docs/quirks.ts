import { readFileSync } from 'node:fs'
import { PROVIDERS } from '../../src/providers/index.ts'

/** A property of an interface with the comment above it, as the formatter writes them. */
const PROPERTY = /(?:\/\*\*(?<comment>(?:(?!\*\/)[^])*)\*\/\s*)?(?<name>\w+)\?: (?<type>[^\n]+)/g

/** The differences that a provider may declare, from their own comments, with the providers that declare each. */
export function quirkTable(): string {
  const source = readFileSync(new URL('../../src/protocols/quirks.ts', import.meta.url), 'utf8')
  const body = /export interface Quirks \{\n([^]*?)\n\}/.exec(source)?.[1]
  if (body === undefined) throw new Error('src/protocols/quirks.ts has no interface Quirks')
  const rows = [...body.matchAll(PROPERTY)].map(({ groups }) => {
    const { name = '', type = '', comment } = groups!
    if (comment === undefined) throw new Error(`Quirks.${name} has no comment to show in the documentation`)
    return [`\`${name}\``, values(type), prose(comment), usersOf(name)].map(escapeCell).join(' | ')
  })
  return [
    '| quirk | value | what it says | providers |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

function values(type: string): string {
  if (type === 'boolean') return '`true`, `false`'
  return type.includes("'") ? type.replaceAll(' | ', ', ').replaceAll(/'([^']*)'/g, '`$1`') : type
}

function prose(comment: string): string {
  return comment.replaceAll(/\s*\n\s*\* ?/g, ' ').trim()
}

function usersOf(name: string): string {
  return [...PROVIDERS.values()]
    .filter(({ surfaces }) => surfaces.some(({ quirks }) => name in quirks))
    .map(({ id }) => id)
    .join(', ')
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}
