import { append, gather } from '../../lib/append.ts'
import type { Block, Message, TextBlock } from '../../message/request.ts'
import { argumentText } from '../shared/call-input.ts'
import { addResult, decodeContent, signedCall } from '../shared/chat-calls.ts'
import { readSignedCallId } from '../shared/gemini-signature.ts'
import { Fields, refuseValue } from '../shared/openai-fields.ts'
import { urlSource } from '../shared/sources.ts'

export interface DecodedMessages {
  /** What stands before the conversation. */
  system: TextBlock[]
  messages: Message[]
}

const ROLES = ['system', 'user', 'assistant', 'tool']

/** Leading system messages become `system`; the results of a turn become one user message, as the hub has them. */
export function decodeMessages(list: readonly Fields[]): DecodedMessages {
  const system: TextBlock[] = []
  const messages: Message[] = []
  for (const message of list) {
    const role = message.required('role', message.string('role'))
    if (!ROLES.includes(role)) throw refuseValue(message.path('role'), role, ROLES)
    if (role === 'system') {
      const text = decodeContent(message, decodePart).filter((block) => block.type === 'text')
      if (messages.length === 0) append(system, text)
      else messages.push({ role, content: text })
    } else if (role === 'assistant') messages.push({ role, content: decodeAssistant(message) })
    else if (role === 'user') messages.push({ role, content: decodeContent(message, decodePart) })
    else {
      const { id } = readSignedCallId(message.required('tool_call_id', message.string('tool_call_id')))
      addResult(messages, id, decodeContent(message, decodeResultPart))
    }
  }
  return { system, messages }
}

/** A tool says documents where others say text. */
function decodeResultPart(part: Fields): Block {
  const block = decodePart(part)
  return block.type === 'document' && block.source.kind === 'text'
    ? { type: 'text', text: block.source.text }
    : block
}

/** Thinking comes first, then the plan, which this API has for text before calls. */
function decodeAssistant(message: Fields): Block[] {
  const content = decodeContent(message, decodePart)
  const plan = message.string('tool_plan') ?? ''
  const calls = gather(message.objects('tool_calls') ?? [], decodeCall)
  if (content.length === 0 && plan === '') return calls
  return [
    ...content.filter((block) => block.type === 'thinking'),
    ...(plan === '' ? [] : [{ type: 'text', text: plan } as const]),
    ...content.filter((block) => block.type !== 'thinking'),
    ...calls,
  ]
}

function decodeCall(call: Fields): Block[] {
  const { id, signature } = readSignedCallId(call.required('id', call.string('id')))
  const called = call.required('function', call.object('function'))
  const name = called.required('name', called.string('name'))
  const json = argumentText(called.string('arguments'))
  return signedCall(signature, { type: 'tool-call', id, name, arguments: json })
}

function decodePart(part: Fields): Block {
  const type = part.required('type', part.string('type'))
  switch (type) {
    case 'text':
      return { type: 'text', text: part.required('text', part.string('text')) }
    case 'thinking':
      return { type: 'thinking', text: part.required('thinking', part.string('thinking')) }
    case 'image_url': {
      const image = part.required('image_url', part.object('image_url'))
      return { type: 'image', source: urlSource(image.required('url', image.string('url'))) }
    }
    case 'document':
      return decodeDocument(part.required('document', part.object('document')).raw)
    default:
      return { type: 'opaque', protocol: 'cohere', kind: type, raw: part.raw }
  }
}

/** A document to answer from: text, or an object of any fields, of which `id` names it. */
export function decodeDocument(document: unknown): Block {
  if (typeof document === 'string') return { type: 'document', source: { kind: 'text', text: document } }
  const fields = new Fields(document, 'documents[]')
  const title = fields.string('id')
  const { data } = fields.raw
  const text = typeof data === 'string' ? data : JSON.stringify(data ?? {})
  return { type: 'document', source: { kind: 'text', text }, ...(title !== undefined && { title }) }
}
