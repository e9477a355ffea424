import type { JsonObject } from '../message/request.ts'
import type { ForeignBlocks, ForeignFields, ForeignStrings } from '../protocols/foreign.ts'
import { cutElements, editMembers, fieldsWithin, holds } from '../wire/json-edits.ts'
import type { Searched } from '../wire/json-edits.ts'
import { arrayElements } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'

/** A body, what stands at its top level, and what was seen of its strings. */
export interface ScannedBody extends Searched {
  readonly fields: ReadonlyMap<string, Span>
}

/**
 * Cuts the blocks that a protocol names as foreign out of a client's body. All other bytes stay, because Claude's
 * own thinking is only valid behind an unchanged beginning, and so are prompt caches.
 */
export function cutForeignBlocks(scanned: ScannedBody, foreign: ForeignBlocks, model: string): Edit[] {
  const list = scanned.fields.get(foreign.list ?? 'messages')
  if (list === undefined || !holds(scanned, list, foreign.needle)) return []
  if (foreign.list !== undefined) return editList(scanned, list, foreign, model)
  const messages = arrayElements(scanned.body, list) ?? []
  return messages.flatMap((message) => editMessage(scanned, message, foreign, model))
}

/** Cuts the fields of messages that the upstream refuses, and adds those that it misses. */
export function editForeignFields(scanned: ScannedBody, foreign: ForeignFields): Edit[] {
  const { body, fields } = scanned
  const list = fields.get('messages')
  if (list === undefined || !holds(scanned, list, foreign.needle)) return []
  return (arrayElements(body, list) ?? []).flatMap((message) => {
    const members = holds(scanned, message, foreign.needle) ? fieldsWithin(body, message) : undefined
    return members === undefined
      ? []
      : editMembers(body, message.start, members, (name) => foreign.isRefused(name), foreign.missing(members))
  })
}

/** The longest name of a field, with the signs and spaces around it. */
const FIELD_MAX_BYTES = 64
const QUOTE = 0x22

/** Mends the strings that a protocol names as foreign. All other bytes stay. */
export function mendForeignStrings({ body, strings }: Searched, foreign: ForeignStrings): Edit[] {
  const isThere = foreign.isBeginning !== true || strings?.holds(0, body.length, `"${foreign.needle}`)
  if (isThere === false) return []
  const edits: Edit[] = []
  for (let at = body.indexOf(foreign.needle); at !== -1;) {
    const start = body.lastIndexOf(QUOTE, at)
    const end = body.indexOf(QUOTE, at) + 1
    if (start === -1 || end === 0) break
    const value = body.toString('utf8', start + 1, end - 1)
    const mended = isFieldOf(body, start, foreign.fields) ? foreign.mend(value) : value
    // With an escape in it, the string is not one of ours, or stands inside of another.
    if (mended !== value && !value.includes('\\'))
      edits.push({ span: { start, end }, text: JSON.stringify(mended) })
    at = body.indexOf(foreign.needle, end)
  }
  return edits
}

/** Inside of a string there is a backslash before each quote, and so no field. */
function isFieldOf(body: Buffer, start: number, fields: readonly string[]): boolean {
  const before = body.toString('latin1', Math.max(0, start - FIELD_MAX_BYTES), start)
  const field = /"(\w+)"\s*:\s*$/.exec(before)?.[1]
  return field !== undefined && fields.includes(field)
}

function editMessage(searched: Searched, message: Span, foreign: ForeignBlocks, model: string): Edit[] {
  if (!holds(searched, message, foreign.needle)) return []
  const content = fieldsWithin(searched.body, message)?.get('content')
  return content === undefined ? [] : editList(searched, content, foreign, model)
}

function editList(searched: Searched, list: Span, foreign: ForeignBlocks, model: string): Edit[] {
  const blocks = arrayElements(searched.body, list)
  if (blocks === undefined) return []
  const isCut = (block: Span) => isForeignBlock(searched, block, foreign, model)
  return cutElements(blocks, isCut, foreign.placeholder)
}

export function isForeignBlock(
  searched: Searched,
  span: Span,
  foreign: ForeignBlocks,
  model: string,
): boolean {
  const block = holds(searched, span, foreign.needle) ? parseBlock(searched.body, span) : undefined
  return block !== undefined && foreign.isForeign(block, model)
}

/** An object inside the body. What is malformed is for the upstream to judge. */
export function parseBlock(body: Buffer, { start, end }: Span): JsonObject | undefined {
  try {
    const block: unknown = JSON.parse(body.toString('utf8', start, end))
    return typeof block === 'object' && block !== null ? (block as JsonObject) : undefined
  } catch {
    return undefined
  }
}
