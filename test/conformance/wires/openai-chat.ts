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

/** https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: Wire = {
  id: 'openai-chat',
  client: {
    path: () => '/openai/v1/chat/completions',
    headers: { authorization: 'Bearer placeholder' },
    body: (script, model, stream) => ({
      model,
      ...chatBody(script),
      ...(stream && { stream, stream_options: { include_usage: true } }),
    }),
    readWhole: readCompletion,
    goOn(body, { choices: [{ message }] }, result) {
      const results = (message.tool_calls ?? []).map(({ id }: Json) => ({
        role: 'tool',
        tool_call_id: id,
        content: result,
      }))
      return { ...body, messages: [...body['messages'], message, ...results] }
    },
    say: (body, text) => ({ ...body, messages: [...body['messages'], { role: 'user', content: text }] }),
    readStream: (bytes) => readChunks(eventsOf(bytes).map(({ data }) => data)),
    readError: (_status, answer) => answer['error']?.message,
  },
  upstream: {
    readRequest: ({ body }) => readChatBody(body),
    whole: (answer) => json(200, completion(answer)),
    stream: (answer) => sse(...chunks(answer), '[DONE]'),
    error: (status, message) => json(status, errorBody(message)),
    brokenStream: (text, message) =>
      twoParts(sse(chunk({ role: 'assistant', content: text })), sse(errorBody(message))),
  },
}

function errorBody(message: string): JsonObject {
  return { error: { message, type: 'server_error', param: null, code: null } }
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
    ...(script.thinking && { reasoning_effort: 'medium' }),
    ...(script.schema && {
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: script.schema } },
    }),
    ...(script.stop && { stop: script.stop }),
    ...(script.maxTokens && { max_completion_tokens: script.maxTokens }),
  }
}

function messages(turn: Turn): JsonObject[] {
  if ('user' in turn) return [{ role: 'user', content: turn.user.map(userPart) }]
  if ('results' in turn)
    return turn.results.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text }))
  const text = turn.assistant.map((part) => ('text' in part ? part.text : '')).join('')
  const calls = turn.assistant.flatMap((part) => ('call' in part ? [toolCall(part.call)] : []))
  return [{ role: 'assistant', content: text || null, ...(calls.length > 0 && { tool_calls: calls }) }]
}

function userPart(part: UserPart): JsonObject {
  if ('text' in part) return { type: 'text', text: part.text }
  if ('image' in part) return { type: 'image_url', image_url: { url: `data:image/png;base64,${part.image}` } }
  return {
    type: 'file',
    file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${part.document}` },
  }
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
    const text = parts.map((part) => part.text ?? '')
    if (role === 'system' || role === 'developer') system.push(...text)
    else if (role === 'tool') facts.results.push(text.join(''))
    else if (role === 'user') for (const part of parts) readPart(part, facts)
    for (const call of calls)
      facts.calls.push({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })
  }
  facts.system = system.join('\n')
  facts.tools = (body['tools'] ?? []).map((tool: Json) => tool.function.name)
  const effort = body['reasoning_effort'] ?? body['reasoning']?.effort
  facts.thinks = effort !== undefined && effort !== 'none'
  facts.schema = body['response_format']?.json_schema?.schema
  facts.stop = body['stop'] ?? []
  facts.maxTokens = body['max_completion_tokens'] ?? body['max_tokens']
  return facts
}

function readPart(part: Json, facts: RequestFacts): void {
  if (part.type === 'text') facts.texts.push(part.text)
  else if (part.type === 'image_url') facts.images.push(part.image_url.url.replace(/^.*base64,/, ''))
  else if (part.type === 'file') facts.documents.push(part.file.file_data.replace(/^.*base64,/, ''))
}

// ==== Answers

const STOP = {
  end: 'stop',
  'tool-calls': 'tool_calls',
  'max-tokens': 'length',
  refusal: 'content_filter',
} as const

function usage({ input, cacheRead, output }: Counts): JsonObject {
  return {
    prompt_tokens: input + cacheRead,
    completion_tokens: output,
    total_tokens: input + cacheRead + output,
    prompt_tokens_details: { cached_tokens: cacheRead },
  }
}

function completion({ thinking, text, calls = [], finish, usage: used }: AnswerScript): JsonObject {
  const message = {
    role: 'assistant',
    content: text ?? null,
    ...(thinking && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls.map(toolCall) }),
  }
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'of-upstream',
    choices: [{ index: 0, message, finish_reason: STOP[finish] }],
    usage: usage(used),
  }
}

function chunk(delta: JsonObject, finish: string | null = null): JsonObject {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'of-upstream',
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}

function chunks(answer: AnswerScript): JsonObject[] {
  const { thinking = '', text = '', calls = [], finish, usage: used } = answer
  return [
    chunk({ role: 'assistant', content: '' }),
    ...halves(thinking).map((half) => chunk({ reasoning_content: half })),
    ...pieces(text, answer.pieces).map((piece) => chunk({ content: piece })),
    ...calls.flatMap((call, index) => {
      const { id, type, function: called } = toolCall(call)
      const begin = { index, id, type, function: { name: called.name, arguments: '' } }
      const rest = halves(called.arguments).map((half) => ({ index, function: { arguments: half } }))
      return [begin, ...rest].map((part) => chunk({ tool_calls: [part] }))
    }),
    chunk({}, STOP[finish]),
    { ...chunk({}), choices: [], usage: usage(used) },
  ]
}

const FINISH: Record<string, AnswerFacts['finish']> = {
  stop: 'end',
  tool_calls: 'tool-calls',
  length: 'max-tokens',
  content_filter: 'refusal',
}

function counts(read: Json): Counts {
  const cacheRead = read.prompt_tokens_details?.cached_tokens ?? 0
  return { input: read.prompt_tokens - cacheRead, cacheRead, output: read.completion_tokens }
}

function readCompletion(answer: JsonObject): AnswerFacts {
  const [{ message, finish_reason: finish }] = answer['choices']
  return {
    thinking: message.reasoning_content ?? '',
    text: message.content ?? '',
    calls: (message.tool_calls ?? []).map((call: Json) => ({
      name: call.function.name,
      arguments: parsed(call.function.arguments),
    })),
    finish: FINISH[finish]!,
    usage: counts(answer['usage']),
  }
}

function readChunks(lines: string[]): AnswerFacts {
  const facts = noAnswer()
  const inputs: string[] = []
  for (const line of lines) {
    if (line === '[DONE]') continue
    const { choices = [], usage: used, error } = JSON.parse(line)
    if (error !== undefined) return { ...facts, finish: 'error', message: error.message }
    if (used) facts.usage = counts(used)
    const { delta = {}, finish_reason: finish } = choices[0] ?? {}
    facts.text += delta.content ?? ''
    facts.thinking += delta.reasoning_content ?? ''
    for (const { index, function: called } of delta.tool_calls ?? []) {
      facts.calls[index] ??= { name: called.name, arguments: undefined }
      inputs[index] = (inputs[index] ?? '') + (called.arguments ?? '')
    }
    if (finish) facts.finish = FINISH[finish]!
  }
  facts.calls.forEach((call, at) => (call.arguments = parsed(inputs[at]!)))
  return facts
}
