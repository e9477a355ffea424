import { base64ToText } from '../../lib/base64.ts'
import { GatewayError } from '../../message/error.ts'
import type { Block, JsonObject, Message, Request } from '../../message/request.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { Fields } from '../shared/openai-fields.ts'
import type { Decoded } from '../translation.ts'
import { decodeRequest } from './request-decode.ts'

/**
 * The body of CountTokens: a Converse request, or one of InvokeModel as base64 of the model's own body, of which the
 * texts are read, in whatever API they are. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
 */
export function decodeCount(body: JsonObject): Decoded {
  const fields = new Fields(body, '')
  const input = fields.required('input', fields.object('input'))
  const converse = input.object('converse')
  if (converse !== undefined) return decodeRequest({ messages: [], ...converse.raw })
  const invoke = input.required('converse', input.object('invokeModel'))
  return { request: readOwnBody(parseBody(invoke.required('body', invoke.string('body')))), warnings: [] }
}

function parseBody(base64: string): JsonObject {
  const value = parseObject(base64ToText(base64) ?? '')
  if (value !== undefined) return value
  const field = 'input.invokeModel.body'
  throw new GatewayError('invalid_request', `${field}: send the base64 of a JSON object.`, { field })
}

function readOwnBody(body: JsonObject): Request {
  const messages = Array.isArray(body.messages) ? body.messages.filter(isObject) : []
  const tools = Array.isArray(body.tools) ? body.tools.filter(isObject) : []
  return {
    model: '',
    system: blocksOf(body.system).filter((block) => block.type === 'text'),
    messages: messages.map((message): Message => ({ role: 'user', content: blocksOf(message.content) })),
    tools: tools.map((raw) => ({ kind: 'server', type: 'any', name: 'any', raw })),
    stopSequences: [],
    stream: false,
    extra: {},
  }
}

function blocksOf(content: unknown): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.filter(isObject).map((raw): Block => {
    if (typeof raw.text === 'string') return { type: 'text', text: raw.text }
    if (raw.type === 'image' || isObject(raw.image))
      return { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: '' } }
    return { type: 'opaque', protocol: 'any', kind: 'any', raw }
  })
}
