import { append, joined } from '../../lib/append.ts'
import type { Block, Message, Source, TextBlock, ToolCallBlock } from '../../message/request.ts'
import { argumentText } from '../shared/call-input.ts'
import { addResult, decodeContent, signedCall } from '../shared/chat-calls.ts'
import { readSignedCallId } from '../shared/gemini-signature.ts'
import { refuseValue } from '../shared/openai-fields.ts'
import type { Fields } from '../shared/openai-fields.ts'
import { inputArguments } from '../shared/raw-input.ts'
import { urlSource } from '../shared/sources.ts'
import { geminiSignature } from './wire.ts'

export interface DecodedMessages {
  /** What stands before the conversation. */
  system: TextBlock[]
  messages: Message[]
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function']

/** Leading system messages become `system`; the results of a turn become one user message, as the hub has them. */
export function decodeMessages(list: readonly Fields[]): DecodedMessages {
  const system: TextBlock[] = []
  const messages: Message[] = []
  for (const message of list) {
    const role = message.required('role', message.string('role'))
    if (!ROLES.includes(role)) throw refuseValue(message.path('role'), role, ROLES)
    if (role === 'system' || role === 'developer') {
      const text = decodeContent(message, decodePart).filter((block) => block.type === 'text')
      if (messages.length === 0) append(system, text)
      else messages.push({ role: 'system', content: text })
    } else if (role === 'user') messages.push({ role, content: decodeContent(message, decodePart) })
    else if (role === 'assistant') messages.push({ role, content: decodeAssistant(message) })
    else addResult(messages, answeredCall(message, role), decodeContent(message, decodePart))
  }
  return { system, messages }
}

function decodeAssistant(message: Fields): Block[] {
  const thinking = message.raw.reasoning_content ?? message.raw.reasoning
  let blocks: Block[] =
    typeof thinking === 'string' && thinking !== '' ? [{ type: 'thinking', text: thinking }] : []
  blocks = joined(blocks, decodeContent(message, decodePart))
  for (const call of message.objects('tool_calls') ?? []) blocks = joined(blocks, decodeCall(call))
  const legacy = message.object('function_call')
  if (legacy !== undefined) {
    const name = legacy.required('name', legacy.string('name'))
    blocks.push({ type: 'tool-call', id: name, name, arguments: legacy.string('arguments') || '{}' })
  }
  return blocks
}

/** The id of the call; functions, which tools replaced, have names only. */
function answeredCall(message: Fields, role: string): string {
  const field = role === 'tool' ? 'tool_call_id' : 'name'
  return readSignedCallId(message.required(field, message.string(field))).id
}

function decodeCall(call: Fields): Block[] {
  const { id, signature } = readSignedCallId(call.required('id', call.string('id')))
  return signedCall(geminiSignature(call.raw) ?? signature, decodeCalled(id, call))
}

function decodeCalled(id: string, call: Fields): ToolCallBlock {
  const custom = call.object('custom')
  if (custom !== undefined) {
    // A tool with free text instead of arguments.
    const input = inputArguments(custom.string('input') ?? '')
    return { type: 'tool-call', id, name: custom.required('name', custom.string('name')), arguments: input }
  }
  const called = call.required('function', call.object('function'))
  const name = called.required('name', called.string('name'))
  return { type: 'tool-call', id, name, arguments: argumentText(called.raw.arguments) }
}

function decodePart(part: Fields): Block {
  const type = part.required('type', part.string('type'))
  switch (type) {
    case 'text':
      return { type: 'text', text: part.required('text', part.string('text')), ...decodeCache(part) }
    case 'refusal':
      return { type: 'text', text: part.required('refusal', part.string('refusal')) }
    case 'image_url': {
      const image = part.required('image_url', part.object('image_url'))
      return {
        type: 'image',
        source: urlSource(image.required('url', image.string('url'))),
        ...decodeCache(part),
      }
    }
    case 'file':
      return decodeFile(part.required('file', part.object('file')))
    default:
      return { type: 'opaque', protocol: 'openai-chat', kind: type, raw: part.raw }
  }
}

function decodeFile(file: Fields): Block {
  const title = file.string('filename')
  const id = file.string('file_id')
  const source: Source =
    id === undefined ? urlSource(file.required('file_data', file.string('file_data'))) : { kind: 'file', id }
  return { type: 'document', source, ...(title !== undefined && { title }) }
}

/** Not OpenAI's, but OpenRouter's and LiteLLM's clients mark what Claude shall cache. */
function decodeCache(part: Fields): { cache?: { ttl?: '5m' | '1h' } } {
  if (!part.has('cache_control')) return {}
  const ttl = part.object('cache_control')!.string('ttl')
  return { cache: ttl === '5m' || ttl === '1h' ? { ttl } : {} }
}
