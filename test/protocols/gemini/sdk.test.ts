import { ApiError, GoogleGenAI } from '@google/genai'
import type { GenerateContentResponse, Part } from '@google/genai'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { ErrorKind } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { googleEvents } from '../../../src/protocols/gemini/framing.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT } from '../../support/sse.ts'

const REQUEST = { model: 'openai/gpt-5', contents: 'Hi' }
const STREAM = { status: 200, headers: { 'content-type': 'text/event-stream' } }

/** Google's own client, whose every request gets the next of these answers; it keeps what was asked. */
function client(...answers: [body: string | ReadableStream, init: ResponseInit][]) {
  const asked: { url: string; body: JsonObject }[] = []
  const fetch = async (url: string | URL | Request, init?: RequestInit) => {
    asked.push({
      url: url instanceof Request ? url.url : url.toString(),
      body: JSON.parse((init?.body as string | undefined) ?? '{}') as JsonObject,
    })
    const [body, answered] = answers.shift()!
    return new Response(body, answered)
  }
  const httpOptions = { baseUrl: 'http://gateway.invalid/genai', fetch }
  return { ai: new GoogleGenAI({ apiKey: 'placeholder', httpOptions }), asked }
}

/** Each frame in a chunk of its own, as the gateway writes a failure. */
function wire(events: readonly Event[]): ReadableStream {
  const encoder = gemini.stream.encoder(CONTEXT)
  const writer = googleEvents.writer()
  const frames: (string | Uint8Array)[] = []
  for (const event of events) encoder.push(event, (name, data) => frames.push(writer.write(name, data)))
  return ReadableStream.from(frames.map((frame) => Buffer.from(frame)))
}

async function streamed(events: readonly Event[]): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = []
  for await (const chunk of await client([wire(events), STREAM]).ai.models.generateContentStream(REQUEST))
    chunks.push(chunk)
  return chunks
}

function whole(events: readonly Event[]): Promise<GenerateContentResponse> {
  const body = gemini.response.encode(
    collect((emit) => events.forEach(emit)),
    CONTEXT,
  )
  return client([JSON.stringify(body), { status: 200 }]).ai.models.generateContent(REQUEST)
}

/** What was said, thought and called. */
function said(parts: readonly Part[]) {
  const texts = (isThought: boolean) =>
    parts.map((part) => ((part.thought === true) === isThought ? (part.text ?? '') : '')).join('')
  return {
    text: texts(false),
    thoughts: texts(true),
    calls: parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall])),
  }
}

const partsOf = (response: GenerateContentResponse) => response.candidates?.[0]?.content?.parts ?? []

describe('Google’s SDK reads every answer', () => {
  it('streamed and whole, and finds the same in both', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (events) => {
        const chunks = await streamed(events)
        const all = await whole(events)
        expect(said(chunks.flatMap(partsOf))).toEqual(said(partsOf(all)))
        expect(chunks.at(-1)!.candidates![0]!.finishReason).toBe(all.candidates![0]!.finishReason)
        expect(chunks.at(-1)!.usageMetadata).toEqual(all.usageMetadata)
        expect(all.modelVersion).toBe(CONTEXT.requestedModel)
      }),
      { numRuns: 100 },
    )
  }, 60_000)

  it('B9 one that breaks off is an error, with the words of it', async () => {
    await fc.assert(
      fc.asyncProperty(brokenAnswer, async (events) => {
        await expect(streamed(events)).rejects.toThrow(ApiError)
        await expect(streamed(events)).rejects.toThrow('"cut"')
      }),
      { numRuns: 50 },
    )
  }, 60_000)

  it('D1 its chat gives a call back with its id and its signature', async () => {
    const events: Event[] = [
      { type: 'start', id: 'r' },
      { type: 'block-start', index: 0, block: { type: 'thinking' } },
      { type: 'delta', index: 0, delta: { type: 'thinking', text: 'hm' } },
      { type: 'delta', index: 0, delta: { type: 'signature', signature: 'EqQB' } },
      { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, block: { type: 'tool-call', id: 'toolu_1', name: 'Bash' } },
      { type: 'delta', index: 1, delta: { type: 'arguments', json: '{"a":1}' } },
      { type: 'block-end', index: 1 },
      { type: 'finish', reason: { unified: 'tool-calls', raw: 'tool_use' } },
    ]
    const { ai, asked } = client([wire(events), STREAM], [wire(events), STREAM])
    const chat = ai.chats.create({ model: 'openai/gpt-5' })
    const drain = async (message: string | Part[]) => {
      for await (const chunk of await chat.sendMessageStream({ message })) expect(chunk).toBeDefined()
    }
    await drain('Hi')
    await drain([{ functionResponse: { id: 'toolu_1', name: 'Bash', response: { output: 'done' } } }])
    const { messages } = gemini.request.decode(asked[1]!.body).request
    expect(messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', text: 'hm', signature: 'EqQB' },
          { type: 'tool-call', id: 'toolu_1', name: 'Bash', arguments: '{"a":1}' },
        ],
      },
      { role: 'user', content: [{ type: 'tool-result', callId: 'toolu_1' }] },
    ])
  })
})

describe('Google’s SDK takes every failure', () => {
  it.each<[ErrorKind, number]>([
    ['invalid_request', 400],
    ['context_overflow', 400],
    ['unauthenticated', 401],
    ['upstream_billing', 402],
    ['forbidden', 403],
    ['model_not_found', 404],
    ['rate_limited', 429],
    ['overloaded', 503],
    ['upstream_timeout', 504],
    ['internal', 500],
  ])('%s', async (kind, status) => {
    const { body, headers, ...init } = gemini.error.encode(new GatewayError(kind, 'No.'), 'req_1')
    const json = { ...headers, 'content-type': 'application/json' }
    const answers = Array.from({ length: 6 }, (): [string, ResponseInit] => [
      JSON.stringify(body),
      { ...init, headers: json },
    ])
    const { ai } = client(...answers)
    const failure = ai.models.generateContent({
      ...REQUEST,
      config: { httpOptions: { retryOptions: { attempts: 1 } } },
    })
    await expect(failure).rejects.toMatchObject({ name: 'ApiError', status })
  })
})

describe('the other answers', () => {
  const models = ['gpt-5', 'anthropic/claude-opus-5-5'].map((id) => ({
    id,
    provider: 'p',
    model: id,
    facts: { id, contextWindowTokens: 200_000, maxOutputTokens: 64_000 },
  }))

  it('a count', async () => {
    const { ai } = client([JSON.stringify(gemini.encodeCount(12)), { status: 200 }])
    expect((await ai.models.countTokens(REQUEST)).totalTokens).toBe(12)
  })

  it('a model', async () => {
    const { ai } = client([JSON.stringify(gemini.models.encode(models[1]!)), { status: 200 }])
    expect(await ai.models.get({ model: 'anthropic/claude-opus-5-5' })).toMatchObject({
      name: 'models/anthropic/claude-opus-5-5',
      inputTokenLimit: 200_000,
      outputTokenLimit: 64_000,
      supportedActions: ['generateContent', 'streamGenerateContent', 'countTokens'],
    })
  })

  it('all models, page by page', async () => {
    const page = (query: string): [string, ResponseInit] => [
      JSON.stringify(gemini.models.encodeList(models, new URLSearchParams(query))),
      { status: 200 },
    ]
    const { ai, asked } = client(page('pageSize=1'), page('pageSize=1&pageToken=gpt-5'))
    const names: unknown[] = []
    for await (const model of await ai.models.list({ config: { pageSize: 1 } })) names.push(model.name)
    expect(names).toEqual(['models/gpt-5', 'models/anthropic/claude-opus-5-5'])
    expect(asked.map(({ url }) => new URL(url).searchParams.get('pageToken'))).toEqual([null, 'gpt-5'])
  })
})
