import { free } from '../lib/free.ts'
import { deepFreeze } from '../lib/frozen.ts'
import type { JsonObject } from '../message/request.ts'
import { parseJson } from '../protocols/shared/json.ts'
import { splice } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'
import { readJsonText } from '../wire/json-text.ts'
import { QUOTE } from '../wire/json-walker.ts'
import type { SetAside } from '../wire/set-aside.ts'
import type { ScannedBody } from './foreign-blocks.ts'

/** Where APIs have an agent's tools. */
const SHARED = ['tools', 'toolConfig']
/** Below this, to look a value up costs what it saves. */
const SHARED_MIN_BYTES = 256
/** One agent's tools are 20 to 150 KB of text, and ten times that in memory: this is for some dozen agents. */
const SHARED_MAX_BYTES = 2 * 1024 * 1024
/** Each look goes through them. */
const SHARED_MAX_VALUES = 100

/** Whose long texts are set aside: of other fields, some come back to the client in its answer. */
const CONVERSATIONS =
  'messages input contents system instructions systemInstruction system_instruction'.split(' ')

/**
 * A request's JSON as values. Its tools may be frozen and the same object as in other requests: an agent sends
 * the same ones with every turn, and to parse and encode them is a third of the work on 100 KB.
 *
 * `fields`: where the top-level values stand. `texts`: long ones are set aside there. Throws SyntaxError.
 */
export function parseBody({ body, fields, strings }: ScannedBody, texts?: SetAside): JsonObject {
  const long = strings?.long ?? []
  const aside = texts === undefined ? [] : textEdits(body, fields, long, texts)
  const shared = SHARED.flatMap((name) => {
    const span = fields.get(name)
    return span === undefined || span.end - span.start < SHARED_MIN_BYTES ? [] : [{ name, span }]
  })
  if (shared.length === 0 && aside.length === 0) return parseWhole(body)
  try {
    // As bytes: a parser would make one string of the parts first, and leave them all to the collector.
    const rest = splice(body, [...aside, ...shared.map(({ span }) => ({ span, text: 'null' }))])
    const parsed = parseWhole(rest)
    free(rest)
    for (const { name, span } of shared) parsed[name] = sharedTools.parse(body.subarray(span.start, span.end))
    return parsed
  } catch {
    // For the error: it tells a place in the text.
    return parseWhole(body)
  }
}

function textEdits(
  body: Buffer,
  fields: ReadonlyMap<string, Span>,
  long: readonly number[],
  texts: SetAside,
): Edit[] {
  const spans = CONVERSATIONS.flatMap((name) => fields.get(name) ?? [])
  const edits = spans.flatMap(({ start, end }) =>
    body[start] === QUOTE ? (texts.edit(start, end) ?? []) : [],
  )
  for (let at = 0; at < long.length; at += 2) {
    const start = long[at]!
    if (!spans.some((span) => span.start <= start && start < span.end)) continue
    const edit = texts.edit(start, long[at + 1]!)
    if (edit !== undefined) edits.push(edit)
  }
  return edits
}

function parseWhole(body: Buffer): JsonObject {
  return parseJson(readJsonText(body)) as JsonObject
}

/**
 * JSON values by their bytes, each parsed once and then shared by all that hold the same bytes. What was used
 * least lately is forgotten, so that all texts together stay within `maxBytes`, and their number within bounds.
 */
export class SharedValues {
  readonly #maxBytes: number
  #bytes = 0
  /** The last used first. A few dozen: their lengths are compared faster than any of them is hashed. */
  readonly #known: { text: Buffer; value: unknown }[] = []

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The value, deeply frozen unless its text is too long to be kept. Throws SyntaxError. */
  parse(text: Buffer): unknown {
    const at = this.#known.findIndex((one) => one.text.length === text.length && one.text.equals(text))
    if (at === -1) return this.#add(text)
    const [found] = this.#known.splice(at, 1)
    this.#known.unshift(found!)
    return found!.value
  }

  #add(text: Buffer): unknown {
    const value = parseJson(readJsonText(text))
    // One that is longer would push out too many others.
    if (text.length > this.#maxBytes / 4) return value
    // A copy, because the text is a part of a body and would keep all of it.
    this.#known.unshift({ text: Buffer.from(text), value: deepFreeze(value) })
    this.#bytes += text.length
    while (this.#bytes > this.#maxBytes || this.#known.length > SHARED_MAX_VALUES)
      this.#bytes -= this.#known.pop()!.text.length
    return value
  }
}

const sharedTools = new SharedValues(SHARED_MAX_BYTES)
