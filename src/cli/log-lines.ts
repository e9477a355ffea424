import { totalInputTokens } from '../message/usage.ts'
import type { CallRow } from '../stores/logs/port.ts'
import { printable } from './printable.ts'

/** How lines are to look. */
export interface LineStyle {
  colours: boolean
  /** Characters a line; undefined: as long as it is. */
  width: number | undefined
}

interface Column {
  title: string
  width: number
  align: 'left' | 'right'
  value: (row: CallRow) => string
}

const COLUMNS: readonly Column[] = [
  { title: 'TIME', width: 14, align: 'left', value: (row) => localTime(row.timestampMs) },
  {
    title: 'STATUS',
    width: 6,
    align: 'left',
    value: (row) => (row.status === 'cancelled' ? 'left' : `${row.httpStatus}`),
  },
  { title: 'MODEL', width: 48, align: 'left', value: modelOf },
  {
    title: 'IN',
    width: 6,
    align: 'right',
    value: ({ usage }) => (usage ? short(totalInputTokens(usage)) : ''),
  },
  {
    title: 'CACHED',
    width: 6,
    align: 'right',
    value: ({ usage }) => (usage ? short(usage.cacheReadTokens) : ''),
  },
  { title: 'OUT', width: 6, align: 'right', value: ({ usage }) => (usage ? short(usage.outputTokens) : '') },
  { title: 'COST', width: 8, align: 'right', value: costOf },
  { title: 'MS', width: 7, align: 'right', value: (row) => `${Math.round(row.latencyMs)}` },
  {
    title: 'FIRST',
    width: 6,
    align: 'right',
    value: (row) => (row.timeToFirstTokenMs === undefined ? '' : `${Math.round(row.timeToFirstTokenMs)}`),
  },
  { title: 'SESSION', width: 8, align: 'left', value: (row) => row.sessionId?.slice(0, 8) ?? '' },
  { title: 'NOTE', width: 0, align: 'left', value: noteOf },
]

const RED = '\u001b[31m'
const YELLOW = '\u001b[33m'
const DIM = '\u001b[2m'
const PLAIN = '\u001b[0m'

export function headerLine(style: LineStyle): string {
  const line = joined(
    COLUMNS.map((column) => fit(column.title, column)),
    style,
  )
  return style.colours ? DIM + line + PLAIN : line
}

/** One call in one line; nothing that came from outside acts on the terminal. */
export function callLine(row: CallRow, style: LineStyle): string {
  const line = joined(
    COLUMNS.map((column) => fit(printable(column.value(row)), column)),
    style,
  )
  if (!style.colours || row.status === 'success') return line
  return (row.status === 'error' ? RED : YELLOW) + line + PLAIN
}

/** What was asked for, and what served it where that is something else. */
function modelOf({ requestedModel, provider, model }: CallRow): string {
  const served = provider === undefined ? '' : `${provider}/${model ?? ''}`
  if (requestedModel === undefined || requestedModel === served) return served
  return served === '' ? requestedModel : `${requestedModel} → ${served}`
}

/** Dollars; a question mark where a price is not known. */
function costOf({ cost }: CallRow): string {
  if (cost === undefined) return ''
  if (cost.nanodollars === null) return '?'
  const dollars = cost.nanodollars / 1e9
  if (dollars === 0) return '$0'
  return dollars < 0.00005 ? '<$0.0001' : `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`
}

function noteOf({ error, warnings, attempts, cost }: CallRow): string {
  const notes: string[] = []
  if (error !== undefined) notes.push(`${error.kind}: ${error.message}`)
  if (cost?.reason !== undefined) notes.push(cost.reason)
  if (attempts.length > 1) notes.push(`${attempts.length} attempts`)
  if (warnings.length > 0) notes.push(warnings.map(({ kind, field }) => `${kind} ${field}`).join(', '))
  return notes.join('; ')
}

function localTime(timestampMs: number): string {
  const date = new Date(timestampMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** At most five characters: 9999, 23.4k, 1.2M. */
function short(tokens: number): string {
  if (tokens < 10_000) return `${tokens}`
  return tokens < 1_000_000 ? `${(tokens / 1000).toFixed(1)}k` : `${(tokens / 1_000_000).toFixed(1)}M`
}

function fit(text: string, { width, align }: Column): string {
  if (width === 0) return text
  const characters = Array.from(text)
  if (characters.length > width) return `${characters.slice(0, width - 1).join('')}…`
  const space = ' '.repeat(width - characters.length)
  return align === 'left' ? text + space : space + text
}

function joined(cells: readonly string[], { width }: LineStyle): string {
  const characters = Array.from(cells.join('  ').trimEnd())
  if (width === undefined || characters.length <= width) return characters.join('')
  return `${characters.slice(0, width - 1).join('')}…`
}
