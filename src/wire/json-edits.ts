import { JsonScanError, scanObject } from './json-scan.ts'
import type { Edit, Span } from './json-scan.ts'
import type { NestedStrings } from './nested-strings.ts'

/** What is to be taken out of a list or an object of a JSON text, commas included, as edits of its bytes. */

/** Removes list elements: a run of them goes with the comma before it, at the beginning with the one behind it. */
export function cutElements(
  elements: readonly Span[],
  isCut: (element: Span) => boolean,
  placeholder = '',
): Edit[] {
  const edits: Edit[] = []
  let keptEnd: number | undefined
  let cutStart: number | undefined
  let cutEnd = 0
  for (const element of elements) {
    if (isCut(element)) {
      cutStart ??= keptEnd ?? element.start
      cutEnd = element.end
      continue
    }
    if (cutStart !== undefined)
      edits.push({ span: { start: cutStart, end: keptEnd === undefined ? element.start : cutEnd }, text: '' })
    cutStart = undefined
    keptEnd = element.end
  }
  if (cutStart !== undefined)
    edits.push({ span: { start: cutStart, end: cutEnd }, text: keptEnd === undefined ? placeholder : '' })
  return edits
}

/**
 * Removes members of an object and puts others before the first that stays. `brace`: where the object begins;
 * `fields`: its values by name, in the order of the text; `inserted`: JSON text of whole members.
 */
export function editMembers(
  body: Uint8Array,
  brace: number,
  fields: ReadonlyMap<string, Span>,
  isCut: (name: string) => boolean,
  inserted: readonly string[] = [],
): Edit[] {
  const members = [...fields]
  const kept = members.findIndex(([name]) => !isCut(name))
  const start = brace + 1
  if (kept === -1) {
    const end = members.at(-1)?.[1].end ?? start
    return nonEmpty({ span: { start, end }, text: inserted.join(',') })
  }
  const head = {
    span: { start, end: kept === 0 ? start : behindComma(body, members[kept - 1]![1].end) },
    text: inserted.map((member) => `${member},`).join(''),
  }
  const rest = members.flatMap(([name, value], at) =>
    at > kept && isCut(name) ? [{ span: { start: members[at - 1]![1].end, end: value.end }, text: '' }] : [],
  )
  return [...nonEmpty(head), ...rest]
}

const COMMA = 0x2c

function behindComma(body: Uint8Array, valueEnd: number): number {
  return body.indexOf(COMMA, valueEnd) + 1
}

function nonEmpty(edit: Edit): Edit[] {
  return edit.span.start === edit.span.end && edit.text === '' ? [] : [edit]
}

/** A body to look for something in. */
export interface Searched {
  readonly body: Buffer
  /** Absent: its bytes are searched. */
  readonly strings?: NestedStrings | undefined
}

/** Does the text stand in the span? With its quotes, a name cannot stand inside a string of JSON. */
export function holds({ body, strings }: Searched, span: Span, needle: string): boolean {
  return strings?.holds(span.start, span.end, needle) ?? body.subarray(span.start, span.end).includes(needle)
}

/** Fields of an object inside the body, with their places in the body. Undefined where it is none. */
export function fieldsWithin(body: Buffer, { start, end }: Span): ReadonlyMap<string, Span> | undefined {
  try {
    const { fields } = scanObject(body.subarray(start, end))
    return new Map([...fields].map(([name, at]) => [name, { start: at.start + start, end: at.end + start }]))
  } catch (error) {
    // What is malformed is for the upstream to judge.
    if (error instanceof JsonScanError) return undefined
    throw error
  }
}
