/**
 * Whatever clients and upstreams send, a codec reads it or says what is wrong: it throws no other error, and no count
 * that it reads can refill a budget.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { Body, Part } from '../../src/operations/operation.ts'

/** Names that the families read, so that what is arbitrary gets past their first look. */
const NAMES = [
  'input', 'model', 'texts', 'images', 'inputs', 'content', 'parts', 'text', 'instances', 'parameters', 'requests',
  'inputText', 'query', 'documents', 'records', 'queries', 'sources', 'textQuery', 'inlineDocumentSource', 'voice',
  'prompt', 'data', 'embedding', 'embeddings', 'values', 'predictions', 'statistics', 'token_count', 'results', 'index',
  'relevance_score', 'usage', 'meta', 'billed_units', 'search_units', 'usageMetadata', 'promptTokenCount', 'candidates',
  'inlineData', 'mimeType', 'words', 'segments', 'start', 'end', 'seconds', 'b64_json', 'url', 'output', 'error',
  'taskType', 'textToImageParams', 'type', 'choices', 'delta', 'duration', 'input_tokens', 'chunks', 'timestamp',
] // prettier-ignore

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      '',
      'a',
      '1024x1024',
      '16:9',
      'float',
      'base64',
      'data:image/png;base64,AA==',
      'url',
    ),
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 6 }),
  ),
})).value

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    name: fc.constantFrom('prompt', 'n', 'language', 'response_format', 'size', 'x[]'),
    content: fc.string(),
  }),
  fc.record({
    name: fc.constantFrom('image', 'image[]', 'mask', 'file'),
    filename: fc.string(),
    content: fc.uint8Array({ maxLength: 9 }),
  }),
)

const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('json' as const), value }) },
  fc.record({ kind: fc.constant('form' as const), parts: fc.array(part, { maxLength: 5 }) }),
  fc.record({
    kind: fc.constant('bytes' as const),
    type: fc.constantFrom('audio/mpeg', 'image/png', 'text/plain'),
    bytes: fc.uint8Array({ maxLength: 9 }),
  }),
)

/** Gives the value, or undefined for what was refused as it should be. */
function refusing<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    expect((error as GatewayError).kind).not.toBe('internal')
    return undefined
  }
}

function checkCounts(usage: object | undefined): void {
  for (const count of Object.values(usage ?? {})) {
    if (typeof count !== 'object') expect(count).toSatisfy((each) => Number.isFinite(each) && each >= 0)
  }
}

const codecs = Object.entries(CODECS).flatMap(([operation, families]) =>
  Object.entries(families).map(([family, codec]) => ({
    name: `${operation} of ${family}`,
    operation,
    codec,
  })),
)
const context = (request: unknown) => ({ request, requestedModel: 'm', responseId: 'r', created_s: 1 })

/** Requests of the operation that some client's family understands. */
function requestsOf(operation: string): unknown[] {
  return REQUESTS[operation] ?? []
}

const REQUESTS: Record<string, unknown[]> = {
  embeddings: [{ inputs: [{ type: 'text', text: 'a' }], encodings: ['float'] }],
  rerank: [{ query: 'q', documents: [{ text: 'a' }, { text: 'b' }], returnsDocuments: true }],
  'image-generation': [{ prompt: 'p', sources: [], wantsUrl: false }],
  'image-edit': [{ prompt: 'p', sources: [{ mediaType: 'image/png', data: 'AA==' }], wantsUrl: true }],
  'image-variation': [{ prompt: '', sources: [{ mediaType: 'image/png', data: 'AA==' }], wantsUrl: true }],
  speech: [{ input: 'i', voice: 'v', speakers: [] }],
  transcription: [
    {
      file: { name: 'f', type: 'audio/mpeg', bytes: new Uint8Array() },
      format: 'verbose_json',
      granularities: [],
    },
  ],
}

const clients = codecs.flatMap(({ codec, ...rest }) =>
  codec.client ? [{ ...rest, client: codec.client }] : [],
)
const providers = codecs.flatMap(({ codec, ...rest }) =>
  codec.provider ? [{ ...rest, provider: codec.provider }] : [],
)

it.each(codecs)('any answer is read for its usage: $name', ({ codec: { usage } }) => {
  fc.assert(
    fc.property(body, (given) => {
      checkCounts(refusing(() => usage.read({ body: given, header: () => undefined })))
      checkCounts(refusing(() => usage.asked?.(given)))
    }),
    { numRuns: 200 },
  )
})

it.each(clients)('any request is read, and then written for any provider: $name', ({ operation, client }) => {
  const others = providers.filter((each) => each.operation === operation)
  fc.assert(
    fc.property(body, (given) => {
      const decoded = refusing(() => client.decode(given))
      if (decoded === undefined) return
      for (const { provider } of others) refusing(() => provider.encode(decoded.request, 'm', decoded.stream))
    }),
    { numRuns: 300 },
  )
})

it.each(providers)(
  'any answer is read, and then written for any client: $name',
  ({ operation, provider }) => {
    const others = clients.filter((each) => each.operation === operation)
    fc.assert(
      fc.property(body, (given) => {
        for (const request of requestsOf(operation)) {
          const answer = refusing(() => provider.decode({ body: given, header: () => undefined }, request))
          if (answer === undefined) continue
          checkCounts((answer as { usage: object }).usage)
          for (const { client } of others) refusing(() => client.encode(answer, context(request)))
        }
      }),
      { numRuns: 300 },
    )
  },
)

describe.each(['constructor', '__proto__', 'tostring', 'hasOwnProperty'])(
  'a member of every object: %s',
  (word) => {
    it('is no purpose of embeddings', () => {
      const asked = { kind: 'json' as const, value: { texts: ['a'], input_type: word } }
      expect(CODECS.embeddings['cohere']!.client!.decode(asked).request).not.toHaveProperty('purpose')
    })

    it('is no type of a file', () => {
      const file = { name: 'file', filename: `a.${word}`, content: new Uint8Array([1]) }
      const asked = { kind: 'form' as const, parts: [file, { name: 'model', content: 'm' }] }
      const { request } = CODECS.transcription['openai']!.client!.decode(asked)
      expect(request).toMatchObject({ file: { type: 'application/octet-stream' } })
    })
  },
)

const streaming = providers.filter(({ provider }) => 'stream' in provider)

it.each(streaming)('any stream is read: $name', ({ operation, provider }) => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), fc.string(), (frames, noise) => {
      for (const request of requestsOf(operation)) {
        const decoder = provider.stream!(request)
        refusing(() => {
          for (const frame of frames)
            decoder.push({ event: '', data: JSON.stringify(frame) ?? noise }, () => undefined)
          decoder.end(() => undefined)
        })
      }
    }),
    { numRuns: 300 },
  )
})
