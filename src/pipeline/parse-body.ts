import { free } from '../lib/free.ts'
import { deepFreeze } from '../lib/frozen.ts'
import type { JsonObject } from '../message/request.ts'
import { parseJson } from '../protocols/shared/json.ts'
import type { Span } from '../wire/json-scan.ts'
import { readJsonText } from '../wire/json-text.ts'

/** Below this, to look a value up costs what it saves. */
const SHARED_MIN_BYTES = 1024
const NULL = Buffer.from('null')
/** One agent's tools are 20 to 150 KB of text, and ten times that in memory: this is for some dozen agents. */
const SHARED_MAX_BYTES = 2 * 1024 * 1024

/**
 * A request's JSON as values. Its `tools` may be frozen and the same object as in other requests: an agent sends
 * the same ones with every turn, and to parse and encode them is a third of the work on 100 KB.
 *
 * `fields`: where the top-level values stand. Throws SyntaxError.
 */
export function parseBody(body: Buffer, fields: ReadonlyMap<string, Span>): JsonObject {
  const tools = fields.get('tools')
  if (tools === undefined || tools.end - tools.start < SHARED_MIN_BYTES) return parseWhole(body)
  try {
    // Joined as bytes: a parser would make one string of three first, and leave them all to the collector.
    const around = Buffer.concat([body.subarray(0, tools.start), NULL, body.subarray(tools.end)])
    const parsed = parseWhole(around)
    free(around)
    parsed['tools'] = sharedTools.parse(body.subarray(tools.start, tools.end))
    return parsed
  } catch {
    // For the error: it tells a place in the text.
    return parseWhole(body)
  }
}

function parseWhole(body: Buffer): JsonObject {
  return parseJson(readJsonText(body)) as JsonObject
}

/**
 * JSON values by their bytes, each parsed once and then shared by all that hold the same bytes. What was used
 * least lately is forgotten, so that all texts together stay within `maxBytes`.
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
    while (this.#bytes > this.#maxBytes) this.#bytes -= this.#known.pop()!.text.length
    return value
  }
}

const sharedTools = new SharedValues(SHARED_MAX_BYTES)
