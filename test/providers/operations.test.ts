/** The table of operations against the codecs, the routes and the registry: what it promises can be kept. */
import { describe, expect, it } from 'vitest'
import { classifyInvoke, classifyPredict } from '../../src/operations/classify.ts'
import {
  anthropicOperations,
  azureOperations,
  bedrockOperations,
  cohereOperations,
  googleOperations,
  openaiOperations,
} from '../../src/operations/endpoints.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { Offer, OperationEndpoint, OperationId } from '../../src/operations/operation.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import { OPERATIONS } from '../../src/providers/operations.ts'
import { body } from '../operations/translate.ts'

const ENDPOINTS = [
  openaiOperations,
  azureOperations,
  anthropicOperations,
  googleOperations,
  bedrockOperations,
  cohereOperations,
].flat()

const offers = Object.entries(OPERATIONS).flatMap(([provider, operations]) =>
  Object.entries(operations).flatMap(([operation, list]) =>
    list.map((offer) => ({
      name: `${operation} at ${provider} in ${offer.family}`,
      provider,
      operation,
      offer,
    })),
  ),
) as { name: string; provider: string; operation: OperationId; offer: Offer }[]

/** Names in a path that are known without asking a codec. */
const KNOWN = new Set(['model', 'project', 'region', 'apiVersion'])
/** And those that a codec gives. */
const GIVEN: Readonly<Record<string, readonly string[]>> = {
  elevenlabs: ['voice'],
  replicate: ['prediction'],
}

it('the table is of providers that there are, each of which holds its row', () => {
  expect(Object.keys(OPERATIONS).filter((id) => !PROVIDERS.has(id))).toEqual([])
  for (const [id, { operations }] of PROVIDERS) expect(operations ?? {}).toEqual(OPERATIONS[id] ?? {})
})

describe.each(offers)('$name', ({ operation, offer }) => {
  it('is asked by a client of its own family, or translated to', () => {
    const { provider } = CODECS[operation][offer.family] ?? {}
    const isAsked = ENDPOINTS.some((one) => one.operation === operation && one.family === offer.family)
    expect(provider !== undefined || isAsked).toBe(true)
  })

  it('has a path whose names are all known', () => {
    const names = [offer.path, offer.streamPath ?? '', ...Object.values(offer.query ?? {})].flatMap((text) =>
      [...text.matchAll(/\{\+?(\w+)\}/g)].map((match) => match[1]!),
    )
    const given = GIVEN[offer.family] ?? []
    expect(names.filter((name) => !KNOWN.has(name) && !given.includes(name))).toEqual([])
    expect(offer.path).toMatch(/^\//)
  })
})

describe('the routes', () => {
  it.each(ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    '%s ask for something that is understood',
    (_name, { operation, family, below }) => {
      const codec = CODECS[operation][family]
      expect(codec).toBeDefined()
      const isOffered = offers.some((one) => one.operation === operation && one.offer.family === family)
      expect(below === undefined ? codec?.client !== undefined || isOffered : isOffered).toBe(true)
    },
  )

  it.each([
    ['OpenAI', openaiOperations],
    ['Azure', azureOperations],
    ['Anthropic', anthropicOperations],
    ['Google', googleOperations],
    ['Cohere', cohereOperations],
  ] as const)('of %s each stand once', (_name, endpoints) => {
    const keys = endpoints.map(({ method, path }) => `${method} ${path}`)
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  })
})

describe('what one path asks for two things by', () => {
  const predict = googleOperations.find(({ family }) => family === 'predict') as OperationEndpoint
  it.each([
    [{ instances: [{ prompt: 'a' }] }, 'image-generation'],
    [{ instances: [{ content: 'a' }] }, 'embeddings'],
    [{ instances: [{ prompt: 'a', content: 'b' }] }, 'image-generation'],
    [{}, 'image-generation'],
    [[], 'image-generation'],
  ])('predict of %j is %s', (given, operation) => {
    expect(classifyPredict(predict, body(given)).operation).toBe(operation)
  })

  it.each([
    ['amazon.titan-embed-text-v2:0', 'embeddings', 'titan'],
    ['arn:aws:bedrock:us-east-1::foundation-model/cohere.embed-v4:0', 'embeddings', 'bedrock-cohere'],
    ['amazon.rerank-v1:0', 'rerank', 'bedrock-cohere'],
    ['amazon.nova-canvas-v1:0', 'image-generation', 'nova-canvas'],
    ['stability.stable-image-core-v1:1', 'image-generation', 'stability'],
    ['us.anthropic.claude-opus-5-5-v1:0', undefined, undefined],
    ['amazon.nova-pro-v1:0', undefined, undefined],
  ])('InvokeModel of %s is %s', (model, operation, family) => {
    expect(classifyInvoke(model)).toEqual(operation && { operation, family })
  })
})
