import type { Json, JsonObject } from '../json.ts'
import { noAnswer, noFacts } from '../script.ts'
import type {
  AnswerFacts,
  AnswerScript,
  Counts,
  RequestFacts,
  RequestScript,
  Turn,
  UserPart,
} from '../script.ts'
import { eventsOf, json, parsed, sse, twoParts } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { halves, pieces } from './anthropic.ts'

/** https://docs.cohere.com/v2/reference/chat */
export const cohere: Wire = {
  id: 'cohere',
  client: {
    path: () => '/cohere/v2/chat',
    headers: { authorization: 'Bearer placeholder' },
    body: (script, model, stream) => ({ model, ...chatBody(script), ...(stream && { stream }) }),
    readWhole: readAnswer,
    goOn(body, { message }, result) {
      const results = (message.tool_calls ?? []).map(({ id }: Json) => ({
        role: 'tool',
        tool_call_id: id,
        content: result,
      }))
      return { ...body, messages: [...body['messages'], message, ...results] }
    },
    say: (body, text) => ({ ...body, messages: [...body['messages'], { role: 'user', content: text }] }),
    readStream: (bytes) => readEvents(eventsOf(bytes).map(({ data }) => data)),
    readError: (_status, answer) => answer['message'],
  },
  upstream: {
    readRequest: ({ body }) => readChatBody(body),
    whole: (answer) => json(200, answerBody(answer)),
    stream: (answer) => sse(...events(answer), '[DONE]'),
    error: (status, message) => json(status, { id: 'e1', message }),
    brokenStream: (text, message) =>
      twoParts(
        sse(START, ...contentEvents({ type: 'text', text: '' }, 0, [text])),
        sse({ type: 'message-end', delta: { finish_reason: 'ERROR', error: message } }),
      ),
  },
}

// ==== Requests

function chatBody(script: RequestScript): JsonObject {
  return {
    messages: [
      ...(script.system ? [{ role: 'system', content: script.system }] : []),
      ...script.turns.flatMap(messages),
    ],
    ...(script.tools && {
      tools: script.tools.map((tool) => ({
        type: 'function',
        function: { ...tool, description: tool.name },
      })),
    }),
    ...(script.thinking && { thinking: { type: 'enabled', token_budget: 2048 } }),
    ...(script.schema && { response_format: { type: 'json_object', json_schema: script.schema } }),
    ...(script.stop && { stop_sequences: script.stop }),
    ...(script.maxTokens && { max_tokens: script.maxTokens }),
  }
}

function messages(turn: Turn): JsonObject[] {
  if ('user' in turn) return [{ role: 'user', content: turn.user.flatMap(userPart) }]
  if ('results' in turn)
    return turn.results.map(({ id, text }) => ({
      role: 'tool',
      tool_call_id: id,
      content: [{ type: 'document', document: { data: text } }],
    }))
  const text = turn.assistant.map((part) => ('text' in part ? part.text : '')).join('')
  const calls = turn.assistant.flatMap((part) => ('call' in part ? [toolCall(part.call)] : []))
  return [{ role: 'assistant', ...(text !== '' && { tool_plan: text }), tool_calls: calls }]
}

/** Documents are text here; a file cannot be sent. */
function userPart(part: UserPart): JsonObject[] {
  if ('text' in part) return [{ type: 'text', text: part.text }]
  if ('document' in part) return []
  return [{ type: 'image_url', image_url: { url: `data:image/png;base64,${part.image}` } }]
}

function toolCall(call: { id: string; name: string; arguments: JsonObject }): JsonObject {
  return {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }
}

function readChatBody(body: JsonObject): RequestFacts {
  const facts = noFacts()
  const system: string[] = []
  for (const { role, content, tool_calls: calls = [] } of body['messages']) {
    const parts: Json[] = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
    const text = parts.map((part) => part.text ?? part.document?.data ?? '')
    if (role === 'system') system.push(...text)
    else if (role === 'tool') facts.results.push(text.join(''))
    else if (role === 'user') {
      for (const part of parts)
        if (part.type === 'text') facts.texts.push(part.text)
        else facts.images.push(part.image_url.url.replace(/^.*base64,/, ''))
    }
    for (const call of calls)
      facts.calls.push({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })
  }
  facts.system = system.join('\n')
  facts.tools = (body['tools'] ?? []).map((tool: Json) => tool.function.name)
  facts.thinks = body['thinking']?.type === 'enabled'
  facts.schema = body['response_format']?.json_schema
  facts.stop = body['stop_sequences'] ?? []
  facts.maxTokens = body['max_tokens']
  return facts
}

// ==== Answers

/** There is no word for a refusal. */
const FINISH = {
  end: 'COMPLETE',
  'tool-calls': 'TOOL_CALL',
  'max-tokens': 'MAX_TOKENS',
  refusal: 'COMPLETE',
} as const

function usage({ input, cacheRead, output }: Counts): JsonObject {
  return {
    billed_units: { input_tokens: input + cacheRead, output_tokens: output },
    tokens: { input_tokens: input + cacheRead + 70, output_tokens: output },
    cached_tokens: cacheRead,
  }
}

function contentOf({ thinking, text }: AnswerScript): JsonObject[] {
  return [...(thinking ? [{ type: 'thinking', thinking }] : []), ...(text ? [{ type: 'text', text }] : [])]
}

function answerBody(answer: AnswerScript): JsonObject {
  const { text, calls = [], finish, usage: used } = answer
  const called = { tool_plan: text ?? '', tool_calls: calls.map(toolCall) }
  return {
    id: 'r1',
    finish_reason: FINISH[finish],
    message: { role: 'assistant', ...(calls.length > 0 ? called : { content: contentOf(answer) }) },
    usage: usage(used),
  }
}

const START = {
  type: 'message-start',
  id: 'r1',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
}

function contentEvents(part: JsonObject, index: number, texts: string[]): JsonObject[] {
  const field = part['type']
  const event = (type: string, content: JsonObject) => ({ type, index, delta: { message: { content } } })
  return [
    event('content-start', { ...part, [field]: '' }),
    ...texts.map((text) => event('content-delta', { [field]: text })),
  ]
}

function events(answer: AnswerScript): JsonObject[] {
  const { text = '', calls = [], finish, usage: used } = answer
  const plan = pieces(text, answer.pieces).map((tool_plan) => ({
    type: 'tool-plan-delta',
    delta: { message: { tool_plan } },
  }))
  const content = contentOf(answer).flatMap((part, index) => [
    ...contentEvents(part, index, pieces(part[part['type']], answer.pieces)),
    { type: 'content-end', index },
  ])
  return [
    START,
    ...(calls.length > 0 ? plan : content),
    ...calls.flatMap((call, index) => callEvents(call, index)),
    { type: 'message-end', delta: { finish_reason: FINISH[finish], usage: usage(used) } },
  ]
}

function callEvents(call: NonNullable<AnswerScript['calls']>[number], index: number): JsonObject[] {
  const { function: called, ...rest } = toolCall(call)
  const event = (type: string, tool_calls: JsonObject) => ({
    type,
    index,
    delta: { message: { tool_calls } },
  })
  return [
    event('tool-call-start', { ...rest, function: { name: called.name, arguments: '' } }),
    ...halves(called.arguments).map((half) => event('tool-call-delta', { function: { arguments: half } })),
    { type: 'tool-call-end', index },
  ]
}

const READ: Record<string, AnswerFacts['finish']> = {
  COMPLETE: 'end',
  TOOL_CALL: 'tool-calls',
  MAX_TOKENS: 'max-tokens',
  STOP_SEQUENCE: 'stop-sequence',
}

function counts(read: Json): Counts {
  const cacheRead = read.cached_tokens
  const { input_tokens: input, output_tokens: output } = read.billed_units
  return { input: input - cacheRead, cacheRead, output }
}

function readAnswer({ message, finish_reason: finish, usage: used }: JsonObject): AnswerFacts {
  const content: Json[] = message.content ?? []
  const all = (field: string) => content.map((part) => part[field] ?? '').join('')
  return {
    thinking: all('thinking'),
    text: (message.tool_plan ?? '') + all('text'),
    calls: (message.tool_calls ?? []).map((call: Json) => ({
      name: call.function.name,
      arguments: parsed(call.function.arguments),
    })),
    finish: READ[finish]!,
    usage: counts(used),
  }
}

function readEvents(lines: string[]): AnswerFacts {
  const facts = noAnswer()
  const inputs: string[] = []
  for (const line of lines) {
    if (line === '[DONE]') continue
    const { type, index, delta = {} } = JSON.parse(line)
    const { content = {}, tool_plan: plan = '', tool_calls: call } = delta.message ?? {}
    if (type.startsWith('content-') || type === 'tool-plan-delta') {
      facts.text += plan + (content.text ?? '')
      facts.thinking += content.thinking ?? ''
    } else if (type === 'tool-call-start') facts.calls[index] = { name: call.function.name, arguments: '' }
    else if (type === 'tool-call-delta') inputs[index] = (inputs[index] ?? '') + call.function.arguments
    else if (type === 'message-end') {
      if (delta.error !== undefined) return { ...facts, finish: 'error', message: delta.error }
      facts.finish = READ[delta.finish_reason]!
      facts.usage = counts(delta.usage)
    }
  }
  facts.calls.forEach((call, at) => (call.arguments = parsed(inputs[at]!)))
  return facts
}
