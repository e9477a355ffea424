import { arrayElements, readString } from '../wire/json-scan.ts'
import type { Span } from '../wire/json-scan.ts'
import { mayHold, objectAt, textOf } from './prospect-fields.ts'
import type { Fields } from './prospect-fields.ts'

/**
 * Models that a body names beside the one of the call. An empty name: the provider chooses, or readers may take it for
 * different ones.
 */
export function modelsWithin(of: Fields): string[] {
  return [...listed(of, 'models'), ...listed(of, 'fallbacks'), ...ofTools(of)]
}

/** Names, and objects that have one; Claude takes a word, too. */
export function listed({ body, fields }: Fields, name: string): string[] {
  const span = fields.get(name)
  if (span === undefined || body[span.start] === LETTER_N) return []
  const elements = arrayElements(body, span)
  if (elements === undefined) return [name === 'model' ? nameIn(body, span) : '']
  // A list of nothing but names is the gateway's own, and goes no further.
  if (name === 'fallbacks' && elements.every(({ start }) => body[start] === QUOTE)) return []
  return elements.map((each) => nameIn(body, each))
}

function nameIn(body: Buffer, span: Span): string {
  const name = readString(body, span)
  if (name !== undefined) return name
  const inner = objectAt(body, span)
  return (inner && textOf({ body, fields: inner }, 'model')) ?? ''
}

/** Tools that have a model; most requests have none of these, and looking into all tools takes long. */
const TOOLS = ['advisor', 'image_generation']
/** To be noted while a body is scanned. */
export const TOOL_NEEDLES = TOOLS.map((name) => `"${name}`)

function ofTools(of: Fields): string[] {
  const { body, fields } = of
  const span = fields.get('tools')
  if (span === undefined || !mayHold(of, span, TOOL_NEEDLES)) return []
  return (arrayElements(body, span) ?? []).flatMap((element) => {
    const inner = objectAt(body, element)
    if (inner === undefined) return ['']
    const tool = { body, fields: inner }
    const isOwn = TOOLS.some((name) => textOf(tool, 'type')?.startsWith(name))
    return isOwn && inner.has('model') ? [textOf(tool, 'model') ?? ''] : []
  })
}

const LETTER_N = 0x6e
const QUOTE = 0x22
