import { JsonScanError, arrayElements, readString, scanObject } from '../../wire/json-scan.ts'
import type { Edit, FieldSpan, Span } from '../../wire/json-scan.ts'
import { OWN_SIGNATURE, isOwnSignature } from './wire.ts'

/** How an own signature begins in a body. Looking for it costs 10 µs in 100 KB, and mostly there is none. */
const NEEDLE = `"${OWN_SIGNATURE}`

/** The API refuses an assistant message without content. */
const OMITTED = JSON.stringify({ type: 'text', text: '[The reasoning of another model was omitted here.]' })

/**
 * Cuts out the thinking that another model made before the user switched to Claude: its signature is ours, and
 * Anthropic refuses the conversation for it. All other bytes stay, because Claude's own thinking is only valid
 * behind an unchanged beginning, and so are prompt caches.
 */
export function nativeEdits(body: Buffer, fields: ReadonlyMap<string, Span>): Edit[] {
  const messages = fields.get('messages')
  if (messages === undefined || body.indexOf(NEEDLE) === -1) return []
  return (arrayElements(body, messages) ?? []).flatMap((message) => editMessage(body, message))
}

function editMessage(body: Buffer, message: Span): Edit[] {
  if (!holdsNeedle(body, message)) return []
  const content = fieldsOf(body, message)?.get('content')
  const blocks = content === undefined ? undefined : arrayElements(body, content)
  return blocks === undefined
    ? []
    : cut(blocks, (block) => holdsNeedle(body, block) && isOwnThinking(body, block))
}

function holdsNeedle(body: Buffer, { start, end }: Span): boolean {
  const at = body.indexOf(NEEDLE, start)
  return at !== -1 && at < end
}

function isOwnThinking(body: Buffer, block: Span): boolean {
  const fields = fieldsOf(body, block)
  const text = (name: string) => {
    const span = fields?.get(name)
    return span === undefined ? undefined : readString(body, span)
  }
  const type = text('type')
  const proof =
    type === 'thinking' ? text('signature') : type === 'redacted_thinking' ? text('data') : undefined
  return proof !== undefined && isOwnSignature(proof)
}

/** Fields of an object inside the body, with their places in the body. Undefined where it is none. */
function fieldsOf(body: Buffer, { start, end }: Span): ReadonlyMap<string, FieldSpan> | undefined {
  try {
    const { fields } = scanObject(body.subarray(start, end))
    return new Map([...fields].map(([name, at]) => [name, shift(at, start)]))
  } catch (error) {
    // What is malformed is for the upstream to judge.
    if (error instanceof JsonScanError) return undefined
    throw error
  }
}

function shift({ keyStart, start, end }: FieldSpan, by: number): FieldSpan {
  return { keyStart: keyStart + by, start: start + by, end: end + by }
}

/** Removes list elements: a run of them goes with the comma before it, at the beginning with the one behind it. */
function cut(elements: readonly Span[], isCut: (element: Span) => boolean): Edit[] {
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
    edits.push({ span: { start: cutStart, end: cutEnd }, text: keptEnd === undefined ? OMITTED : '' })
  return edits
}
