import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import { chunk, gist, sse, throughStream } from './translate.ts'
import type { ClientEvent } from './translate.ts'

/**
 * Chat Completions chunks (left) and the events that a Claude client gets for them (right, one line an event). The
 * numbers are those of the translation checklist; the letters are reports of what broke in other gateways.
 */
export interface Row {
  name: string
  chunks: (JsonObject | string)[]
  /** Between `message_start` and `message_stop`; a line a block. */
  events: string
  memo?: Memo
}

export const role = chunk({ role: 'assistant', content: '' })
export const say = (content: string) => chunk({ content })
export const stop = chunk({}, 'stop')
export const call = (index: number | undefined, part: { id?: string; name?: string; args?: unknown }) => ({
  ...(index !== undefined && { index }),
  ...(part.id !== undefined && { id: part.id, type: 'function' }),
  function: {
    ...(part.name !== undefined && { name: part.name }),
    ...(part.args !== undefined && { arguments: part.args }),
  },
})
export const calls = (...parts: JsonObject[]) => chunk({ tool_calls: parts })
export const called = chunk({}, 'tool_calls')
export const bash = (args: string) => [
  calls(call(0, { id: 'call_1', name: 'Bash', args: '' })),
  calls(call(0, { args })),
]

export function streams(rows: readonly Row[]): void {
  it.each(rows)('$name', ({ chunks, events, memo }) => {
    const list = events.trim().split(/ *[|\n] */)
    const end = list.at(-1)!.startsWith('error') ? [] : ['message_stop']
    expect(gist(throughStream(sse(...chunks), memo))).toEqual(['message_start', ...list, ...end])
  })
}

export const streamed = (...chunks: (JsonObject | string)[]): ClientEvent[] => throughStream(sse(...chunks))
