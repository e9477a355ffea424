import type { BlockStart, Delta } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { UNNAMED_TOOL } from '../shared/answer-blocks.ts'
import { freshCallId } from '../shared/identity.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import type { Memo } from '../translation.ts'
import { PROTOCOL } from './wire.ts'

/** How a block of an answer begins, and what its beginning already says. */
export interface StartedBlock {
  start: BlockStart
  deltas: Delta[]
  /** JSON text of a tool call's arguments, where they stand in the beginning. */
  input?: string
}

/**
 * A block as it stands in `content_block_start` (mostly empty there) or in a whole answer: the one at `index` of the
 * message `messageId`. Imitations of the API leave out ids and names of calls, and no client takes a call without them.
 */
export function decodeBlockStart(
  block: JsonObject,
  memo: Memo,
  messageId: string,
  index: number,
): StartedBlock {
  const { type, id, name, data } = block
  if (type === 'text') return { start: { type }, deltas: textDeltas(block) }
  if (type === 'thinking') return { start: { type }, deltas: thinkingDeltas(block) }
  if (type === 'redacted_thinking' && typeof data === 'string')
    return { start: { type: 'redacted-thinking', data }, deltas: [] }
  if (type === 'tool_use') {
    const known = typeof id === 'string' && id !== ''
    return {
      start: {
        type: 'tool-call',
        id: known ? id : freshCallId('', messageId, index, memo.callIds),
        name: typeof name === 'string' && name !== '' ? (memo.toolNames?.get(name) ?? name) : UNNAMED_TOOL,
      },
      deltas: [],
      ...inputOf(block['input']),
    }
  }
  return { start: { type: 'opaque', protocol: PROTOCOL, kind: String(type), raw: block }, deltas: [] }
}

function textDeltas({ text, citations }: JsonObject): Delta[] {
  const cited = Array.isArray(citations) ? citations.filter(isObject) : []
  return [
    ...(typeof text === 'string' && text !== '' ? [{ type: 'text' as const, text }] : []),
    ...cited.map((citation) => ({ type: 'citation' as const, citation })),
  ]
}

function thinkingDeltas({ thinking, signature }: JsonObject): Delta[] {
  return [
    ...(typeof thinking === 'string' && thinking !== ''
      ? [{ type: 'thinking' as const, text: thinking }]
      : []),
    ...(typeof signature === 'string' && signature !== '' ? [{ type: 'signature' as const, signature }] : []),
  ]
}

function inputOf(input: unknown): { input?: string } {
  if (input === undefined || input === null || input === '') return {}
  const json = stringifyJson(input)
  return json === '{}' ? {} : { input: json }
}
