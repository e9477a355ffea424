import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/http/router.ts'
import type { InferenceMatch } from '../../../src/http/router.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'

const router = new Router([{ prefix: '/genai', protocol: gemini }], [])

function match(method: string, path: string): InferenceMatch {
  const found = router.match(method, `/genai${path}`)
  if (found.type !== 'inference') throw new Error('no inference')
  return found
}

describe('paths', () => {
  it.each<[string, string, string | undefined]>([
    ['/v1beta/models/gemini-3.8-flash:generateContent', 'generate', 'gemini-3.8-flash'],
    ['/v1/models/gemini-3.8-flash:generateContent', 'generate', 'gemini-3.8-flash'],
    ['/v1beta/models/openai/gpt-5:streamGenerateContent', 'generate', 'openai/gpt-5'],
    [
      '/v1beta/models/bedrock/us.anthropic.claude-opus-5-5-v1:0:generateContent',
      'generate',
      'bedrock/us.anthropic.claude-opus-5-5-v1:0',
    ],
    ['/v1beta/models/anthropic%2Fclaude-opus-5-5:countTokens', 'count-tokens', 'anthropic/claude-opus-5-5'],
    ['/v1beta1/publishers/google/models/gemini-2.5-pro:streamGenerateContent', 'generate', 'gemini-2.5-pro'],
    [
      '/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:generateContent',
      'generate',
      'gemini-2.5-pro',
    ],
    [
      '/v1beta1/projects/p/locations/us-east5/publishers/google/models/openai/gpt-5:generateContent',
      'generate',
      'openai/gpt-5',
    ],
    ['/projects/p/locations/eu/publishers/google/models/m:countTokens', 'count-tokens', 'm'],
  ])('POST %s', (path, operation, model) => {
    const found = match('POST', path)
    expect(found.endpoint.operation).toBe(operation)
    expect(found.parameters.model).toBe(model)
  })

  it.each<[string, string, string | undefined]>([
    ['/v1beta/models', 'list-models', undefined],
    ['/v1/models', 'list-models', undefined],
    ['/v1beta/models/openai/gpt-5', 'get-model', 'openai/gpt-5'],
  ])('GET %s', (path, operation, model) => {
    const found = match('GET', path)
    expect(found.endpoint.operation).toBe(operation)
    expect(found.parameters.model).toBe(model)
  })
})

describe('how an answer streams', () => {
  const streaming = gemini.endpoints.filter(({ path }) => path.endsWith(':streamGenerateContent'))

  it('is said by the path', () => {
    expect(streaming.every(({ stream }) => stream === true)).toBe(true)
    const others = gemini.endpoints.filter(({ path }) => path.endsWith(':generateContent'))
    expect(others.map(({ stream }) => stream)).toEqual(streaming.map(() => false))
  })

  it.each([
    ['alt=sse', 'sse'],
    ['key=x&alt=sse', 'sse'],
    ['alt=json', 'json-array'],
    ['', 'json-array'],
  ])('and by the query: %s', (query, framing) => {
    expect(streaming[0]!.framing!(new URLSearchParams(query)).id).toBe(framing)
  })
})

describe('models', () => {
  const models = ['a', 'b', 'c'].map((id) => ({ id, provider: 'p', model: id, facts: undefined }))
  const list = (query: string) => gemini.models.encodeList(models, new URLSearchParams(query))
  const names = (query: string) => (list(query).models as { name: string }[]).map(({ name }) => name)

  it.each<[string, string[], string | undefined]>([
    ['', ['models/a', 'models/b', 'models/c'], undefined],
    ['pageSize=2', ['models/a', 'models/b'], 'b'],
    ['pageSize=2&pageToken=b', ['models/c'], undefined],
    ['pageSize=0', ['models/a', 'models/b', 'models/c'], undefined],
    ['pageToken=gone', ['models/a', 'models/b', 'models/c'], undefined],
  ])('%s', (query, expected, next) => {
    expect(names(query)).toEqual(expected)
    expect(list(query).nextPageToken).toBe(next)
  })

  it('what the catalogue does not know is left out', () => {
    expect(gemini.models.encode(models[0]!)).toEqual({
      name: 'models/a',
      version: '',
      displayName: 'a',
      supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
    })
  })
})
