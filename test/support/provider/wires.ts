import { decodeMessages } from './aws-event-stream.ts'
import { type Directive, directiveText } from './directive.ts'
import type { Json } from './json.ts'

/** A wire API as a test asks it by hand, and how it is told what its streams hold. */
export interface Wire {
  /** As the provider names it. */
  name: string
  path: string
  headers: Record<string, string>
  /** A request with the directive and one tool, `Write`, streamed where the body says so. */
  body(directive: Directive): Json
  /** A stream as text. Absent: it is text. */
  read?(bytes: Uint8Array): string
  /** What only a stream that came to its end has; and the names of the events that hold it. */
  end: RegExp
  endEvents: string
  /** What only an error in mid-stream has. */
  error: RegExp
  usage: RegExp
  /** What a stream has whose end gives no reason. */
  nullStop: RegExp
  /** Calls come whole, so that no fault can cut one. */
  wholeCalls?: boolean
}

const SCHEMA = { type: 'object', properties: { file_path: { type: 'string' }, content: { type: 'string' } } }
const bearer = { authorization: 'Bearer k' }

const chat = (directive: Directive): Json => ({
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: 'user', content: directiveText(directive) }],
  tools: [{ type: 'function', function: { name: 'Write', parameters: SCHEMA } }],
})

const claude = (directive: Directive): Json => ({
  max_tokens: 100,
  messages: [{ role: 'user', content: directiveText(directive) }],
  tools: [{ name: 'Write', input_schema: SCHEMA }],
})

const responses = (directive: Directive): Json => ({
  model: 'gpt-5',
  stream: true,
  input: [{ role: 'user', content: directiveText(directive) }],
  tools: [{ type: 'function', name: 'Write', parameters: SCHEMA }],
})

const gemini = (directive: Directive): Json => ({
  contents: [{ role: 'user', parts: [{ text: directiveText(directive) }] }],
  tools: [{ functionDeclarations: [{ name: 'Write', parametersJsonSchema: SCHEMA }] }],
})

const converse = (directive: Directive): Json => ({
  messages: [{ role: 'user', content: [{ text: directiveText(directive) }] }],
  toolConfig: { tools: [{ toolSpec: { name: 'Write', inputSchema: { json: SCHEMA } } }] },
})

/** Event streams as one line of JSON a message, what is packed in them unpacked. */
function readEvents(bytes: Uint8Array): string {
  const lines = decodeMessages(bytes).map(({ headers, payload }) => {
    const data = JSON.parse(Buffer.from(payload).toString())
    const inner = data.bytes ? JSON.parse(Buffer.from(data.bytes, 'base64').toString()) : data
    return JSON.stringify({ type: headers[':event-type'] ?? headers[':exception-type'], ...inner })
  })
  return lines.join('\n')
}

const MESSAGES = {
  end: /message_stop/,
  endEvents: '^message_stop$',
  error: /"error":\{/,
  usage: /"usage":\{/,
  nullStop: /"stop_reason":null[^{]*\}.*message_stop/s,
}
const CHAT = {
  end: /DONE/,
  endEvents: '^done$',
  error: /"error":\{/,
  usage: /"usage":\{/,
  nullStop: /^(?!.*"finish_reason":").*DONE/s,
}
const RESPONSES = {
  end: /response\.completed/,
  endEvents: '^response.completed$',
  error: /response\.failed/,
  usage: /"usage":\{/,
  nullStop: /response\.completed.*"status":null/s,
}
const GEMINI = {
  error: /"error": ?\{/,
  usage: /"usageMetadata": ?\{/,
  wholeCalls: true,
}
const SERVER_SENT = { end: /"finishReason"/, endEvents: '^finish$', nullStop: /^(?!.*finishReason)/s }

const BEDROCK = '/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const VERTEX = '/v1/projects/p/locations/us-east5/publishers'

export const WIRES: Wire[] = [
  {
    name: 'anthropic',
    path: '/v1/messages',
    headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
    body: (directive) => ({ model: 'claude-opus-5-5', stream: true, ...claude(directive) }),
    ...MESSAGES,
  },
  {
    name: 'azure-anthropic',
    path: '/anthropic/v1/messages',
    headers: { 'api-key': 'k', 'anthropic-version': '2023-06-01' },
    body: (directive) => ({ model: 'claude-opus-5-5', stream: true, ...claude(directive) }),
    ...MESSAGES,
  },
  {
    name: 'vertex-anthropic',
    path: `${VERTEX}/anthropic/models/claude-opus-5-5:streamRawPredict`,
    headers: bearer,
    body: (directive) => ({ anthropic_version: 'vertex-2023-10-16', stream: true, ...claude(directive) }),
    ...MESSAGES,
  },
  {
    name: 'bedrock-anthropic',
    path: `${BEDROCK}/invoke-with-response-stream`,
    headers: bearer,
    body: (directive) => ({ anthropic_version: 'bedrock-2023-05-31', ...claude(directive) }),
    read: readEvents,
    ...MESSAGES,
    error: /throttlingException/,
  },
  {
    name: 'bedrock-converse',
    path: `${BEDROCK}/converse-stream`,
    headers: bearer,
    body: converse,
    read: readEvents,
    end: /messageStop/,
    endEvents: '^messageStop$',
    error: /throttlingException/,
    usage: /"usage":\{/,
    nullStop: /"stopReason":null/,
  },
  {
    name: 'openai-chat',
    path: '/v1/chat/completions',
    headers: bearer,
    body: (directive) => ({ model: 'gpt-5', ...chat(directive) }),
    ...CHAT,
  },
  {
    name: 'azure-openai-chat',
    path: '/openai/deployments/d/chat/completions?api-version=2024-10-21',
    headers: { 'api-key': 'k' },
    body: chat,
    ...CHAT,
  },
  { name: 'openai-responses', path: '/v1/responses', headers: bearer, body: responses, ...RESPONSES },
  {
    name: 'azure-openai-responses',
    path: '/openai/v1/responses',
    headers: { 'api-key': 'k' },
    body: responses,
    ...RESPONSES,
  },
  {
    name: 'gemini',
    path: '/v1beta/models/gemini-3.5-pro:streamGenerateContent?alt=sse',
    headers: { 'x-goog-api-key': 'k' },
    body: gemini,
    ...GEMINI,
    ...SERVER_SENT,
  },
  {
    name: 'gemini',
    path: '/v1beta/models/gemini-3.5-pro:streamGenerateContent',
    headers: { 'x-goog-api-key': 'k' },
    body: gemini,
    ...GEMINI,
    end: /\n\]\n$/,
    endEvents: '^end$',
    nullStop: /^(?!.*finishReason).*\n\]\n$/s,
  },
  {
    name: 'vertex-gemini',
    path: `${VERTEX}/google/models/gemini-3.5-pro:streamGenerateContent?alt=sse`,
    headers: bearer,
    body: gemini,
    ...GEMINI,
    ...SERVER_SENT,
  },
  {
    name: 'cohere',
    path: '/v2/chat',
    headers: bearer,
    body: (directive) => {
      const { stream_options: _, ...request } = chat(directive)
      return { model: 'command-a-03-2025', ...request }
    },
    end: /"finish_reason":"TOOL_CALL"/,
    endEvents: '^message-end$',
    error: /"finish_reason":"ERROR"/,
    usage: /"usage":\{/,
    nullStop: /"finish_reason":null/,
  },
]

/** The wires, each under a name that no other has. */
export const NAMED_WIRES = WIRES.map((wire): [string, Wire] => [
  wire.name === 'gemini' && !wire.path.includes('alt=sse') ? 'gemini as an array' : wire.name,
  wire,
])
