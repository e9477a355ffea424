import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'
import type { Memo } from '../../../src/protocols/translation.ts'
import { sse } from '../../support/sse.ts'

/** Events as Cohere streams them, and what becomes of them. */

type StreamEvent = { type: string } & JsonObject

export const USAGE = {
  billed_units: { input_tokens: 11, output_tokens: 7 },
  tokens: { input_tokens: 80, output_tokens: 7 },
  cached_tokens: 4,
}

export const start: StreamEvent = {
  type: 'message-start',
  id: 'r1',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
}

const content = (type: string, index: number, part: JsonObject): StreamEvent => ({
  type,
  index,
  delta: { message: { content: part } },
})

/** A whole part of the content, in two pieces. */
export const part = (field: 'text' | 'thinking', text: string, index = 0): StreamEvent[] => [
  content('content-start', index, { type: field, [field]: '' }),
  content('content-delta', index, { [field]: text.slice(0, 2) }),
  content('content-delta', index, { [field]: text.slice(2) }),
  { type: 'content-end', index },
]

export const plan = (text: string): StreamEvent => ({
  type: 'tool-plan-delta',
  delta: { message: { tool_plan: text } },
})

export const call = (index: number, id: string, ...pieces: string[]): StreamEvent[] => [
  {
    type: 'tool-call-start',
    index,
    delta: { message: { tool_calls: { id, type: 'function', function: { name: 'Read', arguments: '' } } } },
  },
  ...pieces.map((piece) => ({
    type: 'tool-call-delta',
    index,
    delta: { message: { tool_calls: { function: { arguments: piece } } } },
  })),
  { type: 'tool-call-end', index },
]

export const citation: StreamEvent = {
  type: 'citation-start',
  index: 0,
  delta: { message: { citations: { start: 0, end: 2, text: 'He', sources: [], type: 'TEXT_CONTENT' } } },
}

export const end = (finish_reason: string | null, more: JsonObject = {}): StreamEvent => ({
  type: 'message-end',
  delta: { finish_reason, usage: USAGE, ...more },
})

export const wire = (...events: (StreamEvent | StreamEvent[])[]): string =>
  `${events.flat().map(sse).join('')}data: [DONE]\n\n`

export function decoded(list: readonly StreamEvent[], memo: Memo = {}): Event[] {
  const emitted: Event[] = []
  const emit = (event: Event) => void emitted.push(event)
  const decoder = cohere.stream.decoder(memo)
  for (const event of list) decoder.push({ event: event.type, data: JSON.stringify(event) }, emit)
  decoder.end(emit)
  checkGrammar(emitted)
  return emitted
}
