import type { Block, JsonObject, Message, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import { idBehind, sealSignature } from './gemini-signature.ts'
import { refuse } from './openai-fields.ts'
import type { Fields } from './openai-fields.ts'

/** Messages, calls and results in the form that Chat Completions and Cohere's API share. */

// ==== From a client

/** `content` of a message: a string, a list of parts, nothing. */
export function decodeContent(message: Fields, decodePart: (part: Fields) => Block): Block[] {
  const { content } = message.raw
  if (content === undefined || content === null || content === '') return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) throw refuse(message.path('content'), 'a string or an array', content)
  return message.objects('content')!.map(decodePart)
}

/** The call, behind Gemini's signature where it carries one. */
export function signedCall(signature: string | undefined, call: ToolCallBlock): Block[] {
  if (signature === undefined) return [call]
  return [{ type: 'thinking', text: '', signature: sealSignature(signature) }, call]
}

/** Results that follow each other answer the calls of one turn. */
export function addResult(messages: Message[], callId: string, content: Block[]): void {
  const result: ToolResultBlock = { type: 'tool-result', callId, content, isError: false }
  const last = messages.at(-1)
  // What a user says has no results among it: where the first is one, all are.
  if (last?.role === 'user' && last.content[0]?.type === 'tool-result') last.content.push(result)
  else messages.push({ role: 'user', content: [result] })
}

// ==== To a client

/** The calls of a whole answer. */
export function encodeCalls(content: readonly Block[]): JsonObject[] {
  return content.flatMap((block, at) => {
    if (block.type !== 'tool-call') return []
    const before = content[at - 1]
    const id = idBehind(before?.type === 'thinking' ? before.signature : undefined, block.id)
    return [{ id, type: 'function', function: { name: block.name, arguments: block.arguments } }]
  })
}
