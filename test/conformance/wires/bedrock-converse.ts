import type { Json, JsonObject } from '../json.ts'
import { eventStream, readEventStream } from '../event-stream.ts'
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
import { json, parsed, twoParts } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { halves, pieces } from './anthropic.ts'

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrockConverse: Wire = {
  id: 'bedrock-converse',
  client: {
    path: (model, stream) =>
      `/bedrock/model/${encodeURIComponent(model)}/${stream ? 'converse-stream' : 'converse'}`,
    headers: {},
    body: (script) => converseBody(script),
    readWhole: readConverse,
    goOn(body, { output }, result) {
      const content = output.message.content
        .filter(({ toolUse }: Json) => toolUse)
        .map(({ toolUse }: Json) => ({
          toolResult: { toolUseId: toolUse.toolUseId, content: [{ text: result }] },
        }))
      const results = content.length > 0 ? [{ role: 'user', content }] : []
      return { ...body, messages: [...body['messages'], output.message, ...results] }
    },
    say: (body, text) => ({
      ...body,
      messages: [...body['messages'], { role: 'user', content: [{ text }] }],
    }),
    readStream: (bytes) => readEvents(readEventStream(bytes)),
    readError: (_status, answer) => answer['message'],
  },
  upstream: {
    readRequest: ({ body }) => readConverseBody(body),
    whole: (answer) => json(200, converse(answer)),
    stream: (answer) => eventStream(events(answer)),
    error: (status, text) => json(status, { message: text }, { 'x-amzn-errortype': ERROR_TYPES[status] }),
    brokenStream: (text, said) =>
      twoParts(
        eventStream([
          ['messageStart', { role: 'assistant' }],
          ['contentBlockDelta', { contentBlockIndex: 0, delta: { text } }],
        ]),
        eventStream([['exception/modelStreamErrorException', { message: said }]]),
      ),
  },
}

export const ERROR_TYPES = {
  400: 'ValidationException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
} as const

// ==== Requests

function converseBody(script: RequestScript): JsonObject {
  return {
    ...(script.system && { system: [{ text: script.system }] }),
    messages: script.turns.map(message),
    ...(script.tools && {
      toolConfig: {
        tools: script.tools.map(({ name, parameters }) => ({
          toolSpec: { name, description: name, inputSchema: { json: parameters } },
        })),
      },
    }),
    inferenceConfig: {
      ...(script.maxTokens && { maxTokens: script.maxTokens }),
      ...(script.stop && { stopSequences: script.stop }),
    },
    ...(script.thinking && {
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2048 } },
    }),
    ...(script.schema && {
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { name: 'answer', schema: JSON.stringify(script.schema) } },
        },
      },
    }),
  }
}

function message(turn: Turn): JsonObject {
  if ('user' in turn) return { role: 'user', content: turn.user.map(userBlock) }
  if ('results' in turn)
    return {
      role: 'user',
      content: turn.results.map(({ id, text }) => ({
        toolResult: { toolUseId: id, content: [{ text }], status: 'success' },
      })),
    }
  const content = turn.assistant.map((part) =>
    'text' in part
      ? { text: part.text }
      : { toolUse: { toolUseId: part.call.id, name: part.call.name, input: part.call.arguments } },
  )
  return { role: 'assistant', content }
}

function userBlock(part: UserPart): JsonObject {
  if ('text' in part) return { text: part.text }
  if ('image' in part) return { image: { format: 'png', source: { bytes: part.image } } }
  return { document: { format: 'pdf', name: 'a', source: { bytes: part.document } } }
}

function readConverseBody(body: JsonObject): RequestFacts {
  const facts = noFacts()
  facts.system = (body['system'] ?? []).flatMap(({ text }: Json) => text ?? []).join('\n')
  for (const { role, content } of body['messages'])
    for (const block of content) {
      if (block.toolUse) facts.calls.push({ name: block.toolUse.name, arguments: block.toolUse.input })
      else if (block.toolResult) facts.results.push(resultText(block.toolResult.content))
      else if (block.image) facts.images.push(block.image.source.bytes)
      else if (block.document) facts.documents.push(block.document.source.bytes)
      else if (block.text !== undefined && role === 'user') facts.texts.push(block.text)
    }
  facts.tools = (body['toolConfig']?.tools ?? []).flatMap(({ toolSpec }: Json) => toolSpec?.name ?? [])
  const more = body['additionalModelRequestFields'] ?? {}
  facts.thinks =
    more.thinking?.type === 'enabled' ||
    more.thinking?.type === 'adaptive' ||
    more.reasoningConfig?.type === 'enabled' ||
    more.reasoning_effort !== undefined
  const schema = body['outputConfig']?.textFormat?.structure?.jsonSchema?.schema
  facts.schema = schema === undefined ? undefined : JSON.parse(schema)
  facts.stop = body['inferenceConfig']?.stopSequences ?? []
  facts.maxTokens = body['inferenceConfig']?.maxTokens
  return facts
}

function resultText(content: Json): string {
  return content.map(({ text, json: value }: Json) => text ?? JSON.stringify(value)).join('')
}

// ==== Answers

const STOP = {
  end: 'end_turn',
  'tool-calls': 'tool_use',
  'max-tokens': 'max_tokens',
  refusal: 'content_filtered',
} as const

function usage({ input, cacheRead, output }: Counts): JsonObject {
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + cacheRead + output,
    cacheReadInputTokens: cacheRead,
    cacheWriteInputTokens: 0,
  }
}

function blocksOf({ thinking, text, calls = [] }: AnswerScript): JsonObject[] {
  return [
    ...(thinking
      ? [{ reasoningContent: { reasoningText: { text: thinking, signature: 'signatureOfBedrock' } } }]
      : []),
    ...(text ? [{ text }] : []),
    ...calls.map((call) => ({ toolUse: { toolUseId: call.id, name: call.name, input: call.arguments } })),
  ]
}

function converse(answer: AnswerScript): JsonObject {
  return {
    output: { message: { role: 'assistant', content: blocksOf(answer) } },
    stopReason: STOP[answer.finish],
    usage: usage(answer.usage),
    metrics: { latencyMs: 1 },
  }
}

function events(answer: AnswerScript): [string, JsonObject][] {
  return [
    ['messageStart', { role: 'assistant' }],
    ...blocksOf(answer).flatMap((block, index) => blockEvents(block, index, answer.pieces)),
    ['messageStop', { stopReason: STOP[answer.finish] }],
    ['metadata', { usage: usage(answer.usage), metrics: { latencyMs: 1 } }],
  ]
}

function blockEvents(block: Json, contentBlockIndex: number, count?: number): [string, JsonObject][] {
  const delta = (said: JsonObject): [string, JsonObject] => [
    'contentBlockDelta',
    { contentBlockIndex, delta: said },
  ]
  const stop: [string, JsonObject] = ['contentBlockStop', { contentBlockIndex }]
  if (block.toolUse) {
    const { toolUseId, name, input } = block.toolUse
    const start = { toolUse: { toolUseId, name } }
    const said = Object.keys(input).length === 0 ? [''] : halves(JSON.stringify(input))
    return [
      ['contentBlockStart', { contentBlockIndex, start }],
      ...said.map((half) => delta({ toolUse: { input: half } })),
      stop,
    ]
  }
  if (block.reasoningContent) {
    const { text, signature } = block.reasoningContent.reasoningText
    return [
      ...halves(text).map((half) => delta({ reasoningContent: { text: half } })),
      delta({ reasoningContent: { signature } }),
      stop,
    ]
  }
  return [...pieces(block.text, count).map((text) => delta({ text })), stop]
}

const FINISH: Record<string, AnswerFacts['finish']> = {
  end_turn: 'end',
  tool_use: 'tool-calls',
  max_tokens: 'max-tokens',
  stop_sequence: 'stop-sequence',
  content_filtered: 'refusal',
  guardrail_intervened: 'refusal',
}

function counts(read: Json): Counts {
  return {
    input: read.inputTokens,
    cacheRead: read.cacheReadInputTokens ?? 0,
    output: read.outputTokens,
  }
}

function readConverse(answer: JsonObject): AnswerFacts {
  const facts = noAnswer()
  for (const block of answer['output'].message.content) {
    if (block.toolUse) facts.calls.push({ name: block.toolUse.name, arguments: block.toolUse.input })
    else if (block.reasoningContent) facts.thinking += block.reasoningContent.reasoningText?.text ?? ''
    else facts.text += block.text ?? ''
  }
  return { ...facts, finish: FINISH[answer['stopReason']]!, usage: counts(answer['usage']) }
}

function readEvents(received: [string, JsonObject][]): AnswerFacts {
  const facts = noAnswer()
  const inputs: string[] = []
  for (const [event, body] of received) {
    if (event.startsWith('exception/')) return { ...facts, finish: 'error', message: body['message'] }
    const toolUse = body['start']?.toolUse
    if (toolUse) {
      facts.calls.push({ name: toolUse.name, arguments: undefined })
      inputs.push('')
    }
    const { delta } = body
    facts.text += delta?.text ?? ''
    facts.thinking += delta?.reasoningContent?.text ?? ''
    if (delta?.toolUse) inputs[inputs.length - 1] += delta.toolUse.input
    if (event === 'messageStop') facts.finish = FINISH[body['stopReason']]!
    if (event === 'metadata') facts.usage = counts(body['usage'])
  }
  facts.calls.forEach((call, at) => (call.arguments = parsed(inputs[at]!)))
  return facts
}
