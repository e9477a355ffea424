import { checkCohere } from './cohere-check.ts'
import { cohereEvents, cohereReply } from './cohere-answer.ts'
import { cohereServices } from './cohere-services.ts'
import { type Conversation, type Turn, textOf } from './conversation.ts'
import { type Json, listOf } from './json.ts'
import { findService } from './openai-services.ts'
import {
  type Access,
  EVENT_STREAM,
  type ProviderProtocol,
  type Refusal,
  serverSentEvent,
} from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'

/** `POST …/v2/chat`, `/v2/embed`, `/v2/rerank`, `/v1/tokenize`. */
export const cohere: ProviderProtocol = {
  name: 'cohere',
  operation(request) {
    if (request.method === 'POST' && request.path.endsWith('/v2/chat')) return { kind: 'generate' }
    const service = findService(request, cohereServices)
    return service && { kind: 'service', service }
  },
  authenticate,
  check: checkCohere,
  serves: (model) => /^(command|c4ai)-/.test(model),
  unknownModel: (model) => ({
    status: 404,
    message: `model '${model}' not found, make sure the correct model ID was used and that you have access to the model.`,
  }),
  read,
  reply: cohereReply,
  events: cohereEvents,
  streamType: () => EVENT_STREAM,
  // A stream that breaks says so where it would have said why it ends.
  errorEvent: ({ fault }) => {
    const error = fault?.message ?? 'Internal server error'
    const delta = { error, finish_reason: 'ERROR' }
    return serverSentEvent('message-end', { type: 'message-end', id: identifier(), delta }, true)
  },
  error: ({ message }) => ({ id: identifier(), message }),
  models: (ids) => ({ models: ids.map((name) => ({ name, endpoints: ['chat'] })) }),
  tokenCount: (tokens) => ({ tokens }),
  responseHeaders: () => ({ 'x-debug-trace-id': identifier() }),
}

function authenticate({ headers }: RecordedRequest, access: Access): Refusal | undefined {
  const key = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
  if (!key) return { status: 401, message: 'no api key supplied' }
  return access.accepts(key) ? undefined : { status: 401, message: 'invalid api token' }
}

function read(body: Json): Conversation {
  const format = body.response_format
  return {
    model: body.model,
    stream: body.stream === true,
    turns: listOf(body.messages)
      .filter((message) => message.role !== 'system')
      .map(readTurn),
    tools: listOf(body.tools).map(({ function: called }) => ({
      name: called.name,
      kind: 'function',
      schema: called.parameters,
    })),
    stopSequences: listOf(body.stop_sequences),
    ...(format?.type === 'json_object' && {
      jsonSchema: format.json_schema ?? format.schema ?? { type: 'object' },
    }),
    thinking: body.thinking?.type === 'disabled' ? 'off' : 'shown',
    usageInStream: true,
    asksVerdict: false,
  }
}

function readTurn(message: Json): Turn {
  if (message.role === 'tool') {
    const text = listOf(message.content)
      .map((one) => one.document?.data ?? one.text)
      .join('\n')
    const result = { id: message.tool_call_id, text: text || textOf(message.content), isError: false }
    return { role: 'user', texts: [], results: [result] }
  }
  const texts =
    typeof message.content === 'string'
      ? [message.content]
      : listOf(message.content).flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return { role: message.role === 'assistant' ? 'assistant' : 'user', texts, results: [] }
}
