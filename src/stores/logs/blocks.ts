/**
 * Cuts a request body into blocks that the next request of the same agent will hold again.
 *
 * Agents resend their whole history on each turn: 200 turns of Claude Code are 200 times the same tools and
 * system text, and each message as often as turns follow it. So every element of a top-level array (messages,
 * tools, system, input, contents …) is a block, every other long top-level value is one, and what is left is
 * the frame: the small fields, and the places where the blocks go. The frame hardly changes within a session.
 *
 * Nothing here knows a protocol, and nothing is parsed or normalised: joining gives the same bytes back. What
 * cannot be cut (not JSON, uneven white space between elements) stays in the frame.
 */
import { arrayElements, scanObject } from '../../wire/json-scan.ts'
import type { Span } from '../../wire/json-scan.ts'

export interface CutBody {
  frame: Buffer
  /** One list a slot of the frame, in its order; the elements of an array, or one long value. */
  lists: Buffer[][]
}

/** Where a list goes in the frame's text, and the bytes that stand between its elements. */
type Slot = [offset: number, separator: string]

/** A block costs about 60 bytes beside its content; smaller arrays and values are cheaper in the frame. */
const ARRAY_MIN_BYTES = 256
const VALUE_MIN_BYTES = 1024

const NEWLINE = 0x0a
const UNLIMITED = { maxDepth: Infinity, maxFields: Infinity, maxValues: Infinity }

/** Never throws: what is not a JSON object is a frame without slots. */
export function cutBody(body: Buffer): CutBody {
  const slots: Slot[] = []
  const lists: Buffer[][] = []
  const rest: Buffer[] = []
  let from = 0
  let offset = 0
  for (const value of longValues(body)) {
    const list = cutValue(body, value)
    if (list === undefined) continue
    const { elements, separator } = list
    rest.push(body.subarray(from, elements[0]!.start))
    offset += elements[0]!.start - from
    from = elements.at(-1)!.end
    slots.push([offset, separator])
    lists.push(elements.map(({ start, end }) => body.subarray(start, end)))
  }
  rest.push(body.subarray(from))
  return { frame: Buffer.concat([Buffer.from(`${JSON.stringify(slots)}\n`), ...rest]), lists }
}

/** The body that was cut into these. Throws when the frame is none. */
export function joinBody(frame: Buffer, lists: readonly (readonly Buffer[])[]): Buffer {
  const headEnd = frame.indexOf(NEWLINE)
  const slots = JSON.parse(frame.toString('utf8', 0, headEnd)) as Slot[]
  const rest = frame.subarray(headEnd + 1)
  const parts: Buffer[] = []
  let from = 0
  for (const [index, [offset, separator]] of slots.entries()) {
    parts.push(rest.subarray(from, offset))
    from = offset
    const between = Buffer.from(separator)
    for (const [position, element] of lists[index]!.entries()) {
      if (position > 0) parts.push(between)
      parts.push(element)
    }
  }
  parts.push(rest.subarray(from))
  return Buffer.concat(parts)
}

function longValues(body: Buffer): Span[] {
  try {
    const values = [...scanObject(body, UNLIMITED).fields.values()]
    return values.filter(({ start, end }) => end - start >= ARRAY_MIN_BYTES)
  } catch {
    return []
  }
}

/** The elements of an array with the same bytes between each two; a long value as the one element; or neither. */
function cutValue(body: Buffer, value: Span): { elements: Span[]; separator: string } | undefined {
  const elements = arrayElements(body, value)
  if (elements !== undefined && elements.length > 0) {
    const separators = new Set<string>()
    for (let index = 1; index < elements.length; index++) {
      separators.add(body.toString('latin1', elements[index - 1]!.end, elements[index]!.start))
    }
    // A list of one has none: the usual one, so that the frame is the same when the next turn adds to it.
    const [separator = ','] = separators
    if (separators.size <= 1) return { elements, separator }
  }
  return value.end - value.start >= VALUE_MIN_BYTES ? { elements: [value], separator: '' } : undefined
}
