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
import { eventsOf, json, sse, twoParts } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { pieces } from './anthropic.ts'

/** https://ai.google.dev/api/generate-content */
export const gemini: Wire = {
  id: 'gemini',
  client: {
    path: (model, stream) =>
      `/genai/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: { 'x-goog-api-key': 'placeholder' },
    body: (script) => contentBody(script),
    readWhole: (answer) => readParts([answer]),
    goOn(body, { candidates: [{ content: said }] }, result) {
      const parts = said.parts
        .filter(({ functionCall }: Json) => functionCall)
        .map(({ functionCall: { id, name } }: Json) => ({
          functionResponse: { id, name, response: { output: result } },
        }))
      const results = parts.length > 0 ? [{ role: 'user', parts }] : []
      return { ...body, contents: [...body['contents'], said, ...results] }
    },
    say: (body, text) => ({
      ...body,
      contents: [...body['contents'], { role: 'user', parts: [{ text }] }],
    }),
    readStream: (bytes) =>
      readParts([...eventsOf(bytes).map(({ data }) => JSON.parse(data)), ...bareError(bytes)]),
    readError: (status, answer) => (answer['error']?.code === status ? answer['error'].message : undefined),
  },
  upstream: {
    readRequest: ({ body }) => readContentBody(body),
    whole: (answer) => json(200, answerBody(partsOf(answer), answer)),
    stream: (answer) => sse(...streamed(answer)),
    error: (status, message) => json(status, errorBody(status, message)),
    brokenStream: (text, message) =>
      twoParts(
        sse({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }] }),
        sse(errorBody(503, message)),
      ),
  },
}

/** Google's SDKs look for an error behind the events, not in one. */
function bareError(bytes: Buffer): JsonObject[] {
  const last = bytes.toString('utf8').trim().split('\n\n').at(-1)!
  return last.startsWith('{') ? [JSON.parse(last)] : []
}

const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

function errorBody(code: number, message: string): JsonObject {
  return { error: { code, message, status: STATUS[code] } }
}

// ==== Requests

function contentBody(script: RequestScript): JsonObject {
  return {
    ...(script.system && { systemInstruction: { parts: [{ text: script.system }] } }),
    contents: script.turns.map(content),
    ...(script.tools && {
      tools: [
        {
          functionDeclarations: script.tools.map(({ name, parameters }) => ({
            name,
            description: name,
            parametersJsonSchema: parameters,
          })),
        },
      ],
    }),
    generationConfig: {
      ...(script.maxTokens && { maxOutputTokens: script.maxTokens }),
      ...(script.stop && { stopSequences: script.stop }),
      ...(script.thinking && { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } }),
      ...(script.schema && { responseMimeType: 'application/json', responseJsonSchema: script.schema }),
    },
  }
}

function content(turn: Turn): JsonObject {
  if ('user' in turn) return { role: 'user', parts: turn.user.map(userPart) }
  if ('results' in turn)
    return {
      role: 'user',
      parts: turn.results.map(({ id, name, text }) => ({
        functionResponse: { id, name, response: { output: text } },
      })),
    }
  const parts = turn.assistant.map((part) =>
    'text' in part
      ? { text: part.text }
      : { functionCall: { id: part.call.id, name: part.call.name, args: part.call.arguments } },
  )
  return { role: 'model', parts }
}

function userPart(part: UserPart): JsonObject {
  if ('text' in part) return { text: part.text }
  if ('image' in part) return { inlineData: { mimeType: 'image/png', data: part.image } }
  return { inlineData: { mimeType: 'application/pdf', data: part.document } }
}

function readContentBody(body: JsonObject): RequestFacts {
  const facts = noFacts()
  const textsOf = (parts: Json): string[] => (parts ?? []).map(({ text }: Json) => text)
  facts.system = textsOf(body['systemInstruction']?.parts).join('\n')
  for (const { role, parts } of body['contents'])
    for (const part of parts) {
      if (part.functionCall)
        facts.calls.push({ name: part.functionCall.name, arguments: part.functionCall.args ?? {} })
      else if (part.functionResponse) facts.results.push(responseText(part.functionResponse.response))
      else if (part.inlineData)
        (part.inlineData.mimeType === 'image/png' ? facts.images : facts.documents).push(part.inlineData.data)
      else if (role === 'user' && part.text !== undefined) facts.texts.push(part.text)
    }
  facts.tools = (body['tools'] ?? []).flatMap(({ functionDeclarations = [] }: Json) =>
    functionDeclarations.map(({ name }: Json) => name),
  )
  const config = body['generationConfig'] ?? {}
  const thinking = config.thinkingConfig
  facts.thinks =
    thinking !== undefined && (thinking.thinkingBudget !== 0 || thinking.thinkingLevel !== undefined)
  facts.schema = config.responseJsonSchema ?? config.responseSchema
  facts.stop = config.stopSequences ?? []
  facts.maxTokens = config.maxOutputTokens
  return facts
}

function responseText(response: Json): string {
  return String(response.output ?? response.result ?? JSON.stringify(response))
}

// ==== Answers

const STOP = { end: 'STOP', 'tool-calls': 'STOP', 'max-tokens': 'MAX_TOKENS', refusal: 'SAFETY' } as const

function partsOf({ thinking, text, calls = [] }: AnswerScript): JsonObject[] {
  return [
    ...(thinking ? [{ text: thinking, thought: true }] : []),
    ...(text ? [{ text }] : []),
    ...calls.map(({ name, arguments: args }, at) => ({
      functionCall: { name, args },
      ...(at === 0 && { thoughtSignature: 'c2lnbmF0dXJlT2ZHZW1pbmk=' }),
    })),
  ]
}

function answerBody(parts: JsonObject[], answer?: AnswerScript): JsonObject {
  const { input = 0, cacheRead = 0, output = 0 } = answer?.usage ?? {}
  return {
    candidates: [
      {
        index: 0,
        content: { role: 'model', parts },
        ...(answer && { finishReason: STOP[answer.finish] }),
      },
    ],
    ...(answer && {
      usageMetadata: {
        promptTokenCount: input + cacheRead,
        cachedContentTokenCount: cacheRead,
        candidatesTokenCount: output,
        totalTokenCount: input + cacheRead + output,
      },
    }),
    modelVersion: 'of-upstream',
    responseId: 'gemini-1',
  }
}

function streamed(answer: AnswerScript): JsonObject[] {
  const parts = partsOf(answer).flatMap((part) =>
    typeof part['text'] === 'string'
      ? pieces(part['text'], answer.pieces).map((text) => ({ ...part, text }))
      : [part],
  )
  return [...parts.slice(0, -1).map((part) => answerBody([part])), answerBody(parts.slice(-1), answer)]
}

const FINISH: Record<string, AnswerFacts['finish']> = {
  STOP: 'end',
  MAX_TOKENS: 'max-tokens',
  SAFETY: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
}

function counts(read: Json): Counts {
  const cacheRead = read.cachedContentTokenCount ?? 0
  return {
    input: read.promptTokenCount - cacheRead,
    cacheRead,
    output: (read.candidatesTokenCount ?? 0) + (read.thoughtsTokenCount ?? 0),
  }
}

function readParts(chunks: JsonObject[]): AnswerFacts {
  const facts = noAnswer()
  for (const chunk of chunks) {
    if (chunk['error'] !== undefined) return { ...facts, finish: 'error', message: chunk['error'].message }
    const [{ content: said, finishReason: finish }] = chunk['candidates'] ?? [{}]
    for (const part of said?.parts ?? []) {
      if (part.functionCall)
        facts.calls.push({ name: part.functionCall.name, arguments: part.functionCall.args ?? {} })
      else if (part.thought) facts.thinking += part.text ?? ''
      else facts.text += part.text ?? ''
    }
    if (finish) facts.finish = FINISH[finish]!
    if (chunk['usageMetadata']?.totalTokenCount) facts.usage = counts(chunk['usageMetadata'])
  }
  if (facts.finish === 'end' && facts.calls.length > 0) facts.finish = 'tool-calls'
  return facts
}
