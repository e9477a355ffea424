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

/** https://docs.claude.com/en/api/messages */
export const anthropic: Wire = {
  id: 'anthropic',
  client: {
    path: () => '/anthropic/v1/messages',
    headers: { 'anthropic-version': '2023-06-01', 'x-api-key': 'placeholder' },
    body: (script, model, stream) => ({ model, ...messagesBody(script), stream }),
    readWhole: readMessage,
    goOn,
    say,
    readStream: (bytes) => readEvents(eventsOf(bytes).map(({ data }) => JSON.parse(data))),
    readError: (_status, answer) => (answer['type'] === 'error' ? answer['error']?.message : undefined),
  },
  upstream: {
    readRequest: ({ body }) => readMessagesBody(body),
    whole: (answer) => json(200, message(answer)),
    stream: (answer) => sse(...messageEvents(answer)),
    error: (status, text) => json(status, errorBody(ERROR_TYPES[status], text)),
    brokenStream: (text, said) =>
      twoParts(sse(...brokenEvents(text)), sse(errorBody('overloaded_error', said))),
  },
}

const ERROR_TYPES = { 400: 'invalid_request_error', 429: 'rate_limit_error', 500: 'api_error' } as const

export function errorBody(type: string, text: string): JsonObject {
  return { type: 'error', error: { type, message: text } }
}

/** Agents give back what they got, block by block. */
export function goOn(body: JsonObject, { content }: JsonObject, result: string): JsonObject {
  const results = content
    .filter(({ type }: Json) => type === 'tool_use')
    .map(({ id }: Json) => ({ type: 'tool_result', tool_use_id: id, content: result }))
  const messages = [...body['messages'], { role: 'assistant', content }]
  if (results.length > 0) messages.push({ role: 'user', content: results })
  return { ...body, messages }
}

export function say(body: JsonObject, text: string): JsonObject {
  return { ...body, messages: [...body['messages'], { role: 'user', content: text }] }
}

// ==== Requests

/** Without what says where it goes. */
export function messagesBody(script: RequestScript): JsonObject {
  return {
    max_tokens: script.maxTokens ?? 8192,
    ...(script.system && { system: script.system }),
    messages: script.turns.map(turn),
    ...(script.tools && {
      tools: script.tools.map(({ name, parameters }) => ({
        name,
        description: name,
        input_schema: parameters,
      })),
    }),
    ...(script.thinking && { thinking: { type: 'enabled', budget_tokens: 2048 } }),
    ...(script.schema && { output_config: { format: { type: 'json_schema', schema: script.schema } } }),
    ...(script.stop && { stop_sequences: script.stop }),
  }
}

function turn(said: Turn): JsonObject {
  if ('user' in said) return { role: 'user', content: said.user.map(userBlock) }
  if ('results' in said)
    return {
      role: 'user',
      content: said.results.map(({ id, text }) => ({ type: 'tool_result', tool_use_id: id, content: text })),
    }
  const content = said.assistant.map((part) =>
    'text' in part
      ? { type: 'text', text: part.text }
      : { type: 'tool_use', id: part.call.id, name: part.call.name, input: part.call.arguments },
  )
  return { role: 'assistant', content }
}

function userBlock(part: UserPart): JsonObject {
  if ('text' in part) return { type: 'text', text: part.text }
  if ('image' in part)
    return { type: 'image', source: { type: 'base64', media_type: 'image/png', data: part.image } }
  return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: part.document } }
}

export function readMessagesBody(body: JsonObject): RequestFacts {
  const facts = noFacts()
  const blocks = (content: Json): Json[] =>
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  facts.system = blocks(body['system'])
    .map(({ text }) => text)
    .join('\n')
  for (const { role, content } of body['messages'])
    for (const block of blocks(content)) readBlock(block, role, facts)
  facts.tools = (body['tools'] ?? []).map(({ name }: Json) => name)
  facts.thinks = body['thinking']?.type === 'enabled' || body['thinking']?.type === 'adaptive'
  facts.schema = body['output_config']?.format?.schema
  facts.stop = body['stop_sequences'] ?? []
  facts.maxTokens = body['max_tokens']
  return facts
}

function readBlock(block: Json, role: string, facts: RequestFacts): void {
  if (block.type === 'text' && role === 'user') facts.texts.push(block.text)
  else if (block.type === 'image') facts.images.push(block.source.data)
  else if (block.type === 'document') facts.documents.push(block.source.data)
  else if (block.type === 'tool_use') facts.calls.push({ name: block.name, arguments: block.input })
  else if (block.type === 'tool_result')
    facts.results.push(
      typeof block.content === 'string'
        ? block.content
        : block.content.map(({ text }: Json) => text).join(''),
    )
}

// ==== Answers

/** As long and of the form that Claude's are. */
export const CLAUDE_SIGNATURE = Buffer.from(
  `\x12\xa4\x01${'signature of Claude '.repeat(8)}`,
  'latin1',
).toString('base64')

const STOP = {
  end: 'end_turn',
  'tool-calls': 'tool_use',
  'max-tokens': 'max_tokens',
  refusal: 'refusal',
} as const

function blocksOf({ thinking, text, calls = [] }: AnswerScript): JsonObject[] {
  return [
    ...(thinking ? [{ type: 'thinking', thinking, signature: CLAUDE_SIGNATURE }] : []),
    ...(text ? [{ type: 'text', text }] : []),
    ...calls.map((call) => ({ type: 'tool_use', id: call.id, name: call.name, input: call.arguments })),
  ]
}

function usage({ input, cacheRead, output }: Counts): JsonObject {
  return {
    input_tokens: input,
    cache_read_input_tokens: cacheRead,
    cache_creation_input_tokens: 0,
    output_tokens: output,
  }
}

export function message(answer: AnswerScript): JsonObject {
  return {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-of-upstream',
    content: blocksOf(answer),
    stop_reason: STOP[answer.finish],
    stop_sequence: null,
    usage: usage(answer.usage),
  }
}

function start(used: Counts): JsonObject {
  const empty = message({ finish: 'end', usage: { ...used, output: 1 } })
  return { type: 'message_start', message: { ...empty, content: [], stop_reason: null } }
}

export function messageEvents(answer: AnswerScript): JsonObject[] {
  return [
    start(answer.usage),
    ...blocksOf(answer).flatMap((block, index) => blockEvents(block, index, answer.pieces)),
    {
      type: 'message_delta',
      delta: { stop_reason: STOP[answer.finish], stop_sequence: null },
      usage: usage(answer.usage),
    },
    { type: 'message_stop' },
  ]
}

/** A text of which the second half never comes. */
export function brokenEvents(text: string): JsonObject[] {
  const [begin, first] = blockEvents({ type: 'text', text }, 0)
  return [start({ input: 1, cacheRead: 0, output: 1 }), begin!, first!]
}

function blockEvents(block: Json, index: number, count?: number): JsonObject[] {
  const empty =
    block.type === 'text'
      ? { type: 'text', text: '' }
      : block.type === 'thinking'
        ? { type: 'thinking', thinking: '', signature: '' }
        : { ...block, input: {} }
  return [
    { type: 'content_block_start', index, content_block: empty },
    ...deltas(block, count).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function deltas(block: Json, count?: number): JsonObject[] {
  if (block.type === 'text') return pieces(block.text, count).map((text) => ({ type: 'text_delta', text }))
  if (block.type === 'thinking')
    return [
      ...halves(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: block.signature },
    ]
  // Claude says nothing at all of a call without arguments.
  const input = Object.keys(block.input).length === 0 ? [''] : halves(JSON.stringify(block.input))
  return input.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
}

export function halves(text: string): string[] {
  return pieces(text, 2)
}

/** The text in so many pieces. */
export function pieces(text: string, count = 2): string[] {
  const length = Math.ceil(text.length / count)
  return Array.from({ length: count }, (_, at) => text.slice(at * length, (at + 1) * length)).filter(
    (piece) => piece !== '',
  )
}

const FINISH: Record<string, AnswerFacts['finish']> = {
  end_turn: 'end',
  tool_use: 'tool-calls',
  max_tokens: 'max-tokens',
  refusal: 'refusal',
  stop_sequence: 'stop-sequence',
}

function counts(read: Json): Counts {
  return {
    input: read.input_tokens ?? 0,
    cacheRead: read.cache_read_input_tokens ?? 0,
    output: read.output_tokens ?? 0,
  }
}

export function readMessage(answer: JsonObject): AnswerFacts {
  const facts = noAnswer()
  for (const block of answer['content']) {
    if (block.type === 'text') facts.text += block.text
    else if (block.type === 'thinking') facts.thinking += block.thinking
    else if (block.type === 'tool_use') facts.calls.push({ name: block.name, arguments: block.input })
  }
  return { ...facts, finish: FINISH[answer['stop_reason']]!, usage: counts(answer['usage']) }
}

export function readEvents(events: JsonObject[]): AnswerFacts {
  const facts = noAnswer()
  const inputs: string[] = []
  for (const event of events) {
    const { type, delta } = event
    if (type === 'content_block_start' && event['content_block'].type === 'tool_use') {
      facts.calls.push({ name: event['content_block'].name, arguments: undefined })
      inputs.push('')
    } else if (type === 'content_block_delta') {
      facts.text += delta.text ?? ''
      facts.thinking += delta.thinking ?? ''
      if (delta.type === 'input_json_delta') inputs[inputs.length - 1] += delta.partial_json
    } else if (type === 'message_delta') {
      facts.finish = FINISH[delta.stop_reason]!
      facts.usage = counts(event['usage'])
    } else if (type === 'error') Object.assign(facts, { finish: 'error', message: event['error'].message })
  }
  facts.calls.forEach((call, at) => (call.arguments = parsed(inputs[at]!)))
  return facts
}
