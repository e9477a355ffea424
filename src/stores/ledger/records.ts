import type { Unit } from '../../rules/limits.ts'
import type { Amounts, StoredWindow } from './port.ts'

/**
 * A line of the journal. Windows are numbered, once and for ever; amounts stand in the order of the reservation's
 * holds.
 */
export type LedgerRecord =
  /** A window begins, or the one of that number has other ends from now on. */
  | ['window', number, Unit, account: string, rule: string, startMs: number, endMs: number, used: number]
  | ['clear', window: number]
  /** Holds: number of the window, amount, and so on. */
  | ['reserve', attempt: string, call: string, atMs: number, holds: number[]]
  | ['owe', attempt: string, charges: number[], nanodollars: number | null, tokens: number, requests: number]
  /** unpriced: 1, when nobody knows what it cost. */
  | [
      'settle',
      attempt: string,
      charges: number[],
      unpriced: 0 | 1,
      nanodollars: number | null,
      tokens: number,
      requests: number,
    ]
  | ['release', attempt: string]
  /** The row of its call is in the log. */
  | ['logged', attempt: string]
  /** Of a shared ledger alone: whether it was reserved is not known. */
  | ['cancel', attempt: string]
  /** Of a shared ledger alone, where windows are numbered elsewhere: `clear` for the window of that moment. */
  | ['empty', Unit, account: string, atMs: number]

export function windowLine({ number, unit, account, rule, startMs, endMs, used }: StoredWindow): string {
  return JSON.stringify(['window', number, unit, account, rule, startMs, endMs, used])
}

export function clearLine(window: number): string {
  return `["clear",${window}]`
}

/** Attempts are made of letters that need no escaping. */
export function reserveLine(attempt: string, call: string, atMs: number, holds: string): string {
  return `["reserve","${attempt}",${JSON.stringify(call)},${atMs},[${holds}]]`
}

export function oweLine(
  attempt: string,
  charges: string,
  { nanodollars, tokens, requests }: Amounts,
): string {
  return `["owe","${attempt}",[${charges}],${nanodollars},${tokens},${requests}]`
}

export function settleLine(
  attempt: string,
  charges: string,
  { nanodollars, tokens, requests }: Amounts,
): string {
  const unpriced = nanodollars === null ? 1 : 0
  return `["settle","${attempt}",[${charges}],${unpriced},${nanodollars},${tokens},${requests}]`
}

export function releaseLine(attempt: string): string {
  return `["release","${attempt}"]`
}

export function loggedLine(attempt: string): string {
  return `["logged","${attempt}"]`
}

export function cancelLine(attempt: string): string {
  return `["cancel","${attempt}"]`
}

export function emptyLine(unit: Unit, account: string, atMs: number): string {
  return JSON.stringify(['empty', unit, account, atMs])
}

/** What each field of a record is: n a count, N a count or null, s a text, l a list of counts. */
const SHAPES: Readonly<Record<string, string>> = {
  window: 'nsssnnn',
  clear: 'n',
  reserve: 'ssnl',
  owe: 'slNnn',
  settle: 'slnNnn',
  release: 's',
  logged: 's',
  cancel: 's',
  empty: 'ssn',
}

/** Undefined: the line is torn or damaged. */
export function parseRecord(line: string): LedgerRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !Object.hasOwn(SHAPES, value[0]))
    return undefined
  const shape = SHAPES[value[0]]!
  const fits =
    value.length === shape.length + 1 && value.every((field, n) => n === 0 || isOf(shape[n - 1]!, field))
  return fits ? (value as LedgerRecord) : undefined
}

function isOf(kind: string, field: unknown): boolean {
  if (kind === 's') return typeof field === 'string'
  if (kind === 'l') return Array.isArray(field) && field.every(isCount)
  return isCount(field) || (kind === 'N' && field === null)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
