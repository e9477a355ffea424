import { describe, expect, it } from 'vitest'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import { GatewayError } from '../../src/message/error.ts'

const router = new Router(MOUNTS, [
  { method: 'GET', path: '/api/logs', handler: () => ({ status: 200, body: 'list' }) },
  { method: 'DELETE', path: '/api/logs', handler: () => ({ status: 200, body: 'clear' }) },
  { method: 'GET', path: '/api/logs/{id}', handler: () => ({ status: 200, body: 'one' }) },
  { method: 'PUT', path: '/api/keys/{provider}/{name}', handler: () => ({ status: 200, body: 'key' }) },
])

describe('inference', () => {
  it.each([
    ['POST', '/anthropic/v1/messages', 'generate', undefined],
    ['POST', '/anthropic/v1/messages/count_tokens', 'count-tokens', undefined],
    ['GET', '/anthropic/v1/models', 'list-models', undefined],
    ['GET', '/anthropic/v1/models/claude-opus-5-5', 'get-model', 'claude-opus-5-5'],
    ['GET', '/anthropic/v1/models/openai/gpt-5', 'get-model', 'openai/gpt-5'],
    ['GET', '/anthropic/v1/models/openai%2Fgpt-5', 'get-model', 'openai/gpt-5'],
    ['GET', '/anthropic/v1/models/claude-opus-5-5%5B1m%5D', 'get-model', 'claude-opus-5-5[1m]'],
    ['GET', '/anthropic/v1/models/mod%C3%A8le', 'get-model', 'modèle'],
    ['HEAD', '/anthropic/v1/models', 'list-models', undefined],
    ['HEAD', '/', 'probe', undefined],
    ['HEAD', '/anthropic/', 'probe', undefined],
    ['HEAD', '/anthropic', 'probe', undefined],
    ['HEAD', '/api/hello', 'probe', undefined],
    ['HEAD', '/anthropic/api/hello', 'probe', undefined],
  ])('%s %s is %s', (method, path, operation, pathModel) => {
    const match = router.match(method, path)
    expect(match).toMatchObject({ type: 'inference', endpoint: { operation } })
    expect(match.parameters['model']).toBe(pathModel)
  })

  const VERTEX = '/genai/v1/projects/p-1/locations/us-east5/publishers'
  const ARN = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5-5-v1:0'

  it.each<[method: string, path: string, protocol: string, operation: string, model?: string, stream?: boolean]>([
    // The unified API.
    ['POST', '/v1/chat/completions', 'openai-chat', 'generate'],
    ['POST', '/v1/responses', 'openai-responses', 'generate'],
    ['POST', '/v1/responses/input_tokens', 'openai-responses', 'count-tokens'],
    ['GET', '/v1/models', 'openai-chat', 'list-models'],
    ['GET', '/v1/models/openai/gpt-5', 'openai-chat', 'get-model', 'openai/gpt-5'],
    // OpenAI: with and without the version; Azure's SDK adds a prefix of its own.
    ['POST', '/openai/chat/completions', 'openai-chat', 'generate'],
    ['POST', '/openai/v1/chat/completions', 'openai-chat', 'generate'],
    ['POST', '/openai/responses', 'openai-responses', 'generate'],
    ['POST', '/openai/v1/responses', 'openai-responses', 'generate'],
    ['POST', '/openai/openai/v1/responses', 'openai-responses', 'generate'],
    ['POST', '/openai/openai/responses', 'openai-responses', 'generate'],
    ['GET', '/openai/models', 'openai-chat', 'list-models'],
    ['GET', '/openai/openai/models', 'openai-chat', 'list-models'],
    ['POST', '/openai/deployments/gpt-5/chat/completions', 'openai-chat', 'generate', 'gpt-5'],
    ['POST', '/openai/openai/deployments/my%20gpt/chat/completions', 'openai-chat', 'generate', 'my gpt'],
    // Google: AI Studio, Vertex, and Claude there.
    ['POST', '/genai/v1beta/models/gemini-3-pro:generateContent', 'gemini', 'generate', 'gemini-3-pro', false],
    ['POST', '/genai/v1beta/models/gemini-3-pro:streamGenerateContent', 'gemini', 'generate', 'gemini-3-pro', true],
    ['POST', '/genai/v1beta/models/gemini-3-pro%3AgenerateContent', 'none', ''],
    ['POST', '/genai/v1beta/models/openai/gpt-5:generateContent', 'gemini', 'generate', 'openai/gpt-5', false],
    ['POST', '/genai/v1beta/models/ollama/qwen3:8b:generateContent', 'gemini', 'generate', 'ollama/qwen3:8b', false],
    ['POST', '/genai/v1beta/models/bedrock%2Fus.amazon.nova-pro-v1%3A0:countTokens', 'gemini', 'count-tokens', 'bedrock/us.amazon.nova-pro-v1:0'],
    ['GET', '/genai/v1beta/models', 'gemini', 'list-models'],
    ['GET', '/genai/v1beta/models/gemini-3-pro', 'gemini', 'get-model', 'gemini-3-pro'],
    ['POST', `${VERTEX}/google/models/gemini-3-pro:streamGenerateContent`, 'gemini', 'generate', 'gemini-3-pro', true],
    ['POST', '/genai/v1/publishers/google/models/gemini-3-pro:generateContent', 'gemini', 'generate', 'gemini-3-pro', false],
    ['POST', `${VERTEX}/anthropic/models/claude-opus-5-5@20260801:rawPredict`, 'anthropic', 'generate', 'claude-opus-5-5@20260801', false],
    ['POST', `${VERTEX}/anthropic/models/openai/gpt-5:streamRawPredict`, 'anthropic', 'generate', 'openai/gpt-5', true],
    ['POST', `${VERTEX}/anthropic/models/count-tokens:rawPredict`, 'anthropic', 'count-tokens'],
    // Bedrock: Claude's own body.
    ['POST', '/bedrock/model/us.anthropic.claude-opus-5-5-v1%3A0/invoke', 'anthropic', 'generate', 'us.anthropic.claude-opus-5-5-v1:0', false],
    ['POST', '/bedrock/model/us.anthropic.claude-opus-5-5-v1:0/invoke-with-response-stream', 'anthropic', 'generate', 'us.anthropic.claude-opus-5-5-v1:0', true],
    ['POST', '/bedrock/model/openai%2Fgpt-5/invoke', 'anthropic', 'generate', 'openai/gpt-5', false],
    ['POST', `/bedrock/model/${encodeURIComponent(ARN)}/invoke`, 'anthropic', 'generate', ARN, false],
    ['POST', `/bedrock/model/${ARN}/invoke`, 'anthropic', 'generate', ARN, false],
    ['POST', '/bedrock/model/invoke/invoke/invoke', 'anthropic', 'generate', 'invoke/invoke', false],
    // Converse.
    ['POST', `/bedrock/model/${encodeURIComponent(ARN)}/converse`, 'bedrock-converse', 'generate', ARN, false],
    ['POST', '/bedrock/model/amazon.nova-pro-v1:0/converse-stream', 'bedrock-converse', 'generate', 'amazon.nova-pro-v1:0', true],
    // Cohere.
    ['POST', '/cohere/v2/chat', 'cohere', 'generate'],
    ['POST', '/cohere/v2/embed', 'cohere', 'embeddings'],
    ['GET', '/cohere/v1/models', 'cohere', 'list-models'],
    // Frameworks have several below one base URL.
    ...['/litellm', '/langchain', '/pydanticai'].flatMap((prefix): [string, string, string, string, string?][] => [
      ['POST', `${prefix}/v1/chat/completions`, 'openai-chat', 'generate'],
      ['POST', `${prefix}/chat/completions`, 'openai-chat', 'generate'],
      ['POST', `${prefix}/responses`, 'openai-responses', 'generate'],
      ['POST', `${prefix}/v1/messages`, 'anthropic', 'generate'],
      ['POST', `${prefix}/v1/messages/count_tokens`, 'anthropic', 'count-tokens'],
      ['POST', `${prefix}/v1beta/models/gemini-3-pro:generateContent`, 'gemini', 'generate', 'gemini-3-pro'],
      ['POST', `${prefix}/v1/models/gemini-3-pro:generateContent`, 'gemini', 'generate', 'gemini-3-pro'],
      ['POST', `${prefix}/model/anthropic.claude-v1/invoke`, 'anthropic', 'generate', 'anthropic.claude-v1'],
      ['POST', `${prefix}/model/amazon.nova-pro-v1/converse`, 'bedrock-converse', 'generate', 'amazon.nova-pro-v1'],
      ['POST', `${prefix}/v2/chat`, 'cohere', 'generate'],
      ['GET', `${prefix}/v1/models`, 'openai-chat', 'list-models'],
      ['GET', `${prefix}/v1beta/models`, 'gemini', 'list-models'],
    ]),
    // Cursor.
    ['POST', '/cursor/chat/completions', 'cursor', 'generate'],
    ['POST', '/cursor/v1/chat/completions', 'cursor', 'generate'],
    ['GET', '/cursor/v1/models', 'cursor', 'list-models'],
    ['POST', '/cursor/v1/messages', 'anthropic', 'generate'],
    ['POST', '/cursor/model/anthropic.claude-v1/invoke', 'anthropic', 'generate', 'anthropic.claude-v1'],
  ])('%s %s is of %s: %s', (method, path, protocol, operation, model, stream) => {
    if (protocol === 'none') return expect(() => router.match(method, path)).toThrow()
    const match = router.match(method, path)
    expect(match).toMatchObject({ type: 'inference', protocol: { id: protocol }, endpoint: { operation } })
    expect(match.parameters['model']).toBe(model)
    if (stream !== undefined) expect(match).toMatchObject({ endpoint: { stream } })
  }) // prettier-ignore

  it.each<[method: string, path: string, protocol: string, passed: string, generates: boolean, stream?: boolean]>([
    ['POST', '/openai_passthrough/v1/chat/completions', 'openai-chat', '/v1/chat/completions', true],
    ['POST', '/openai_passthrough/responses', 'openai-responses', '/responses', true],
    ['GET', '/openai_passthrough/responses', 'openai-chat', '/responses', false],
    ['DELETE', '/openai_passthrough/v1/files/a%2Fb', 'openai-chat', '/v1/files/a%2Fb', false],
    ['PATCH', '/anthropic_passthrough/v1/x', 'anthropic', '/v1/x', false],
    ['POST', '/anthropic_passthrough/v1/messages', 'anthropic', '/v1/messages', true],
    ['POST', '/anthropic_passthrough/v1/messages/count_tokens', 'anthropic', '/v1/messages/count_tokens', false],
    ['POST', '/genai_passthrough/v1beta/models/a%2Fb:streamGenerateContent', 'gemini', '/v1beta/models/a%2Fb:streamGenerateContent', true, true],
    ['POST', '/genai_passthrough/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict', 'anthropic', '/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict', true, false],
    ['HEAD', '/genai_passthrough/', 'gemini', '/', false],
  ])('%s %s passes through', (method, path, protocol, passed, generates, stream) => {
    expect(router.match(method, path)).toMatchObject({
      type: 'inference',
      protocol: { id: protocol },
      endpoint: { operation: 'passthrough', method, ...(stream !== undefined && { stream }) },
      passthrough: { path: passed, generates },
    })
  }) // prettier-ignore

  it('has all that stands in a path', () => {
    const { parameters } = router.match('POST', `${VERTEX}/anthropic/models/claude:rawPredict`)
    expect(parameters).toEqual({ project: 'p-1', location: 'us-east5', model: 'claude' })
  })

  it.each<[path: string, preferred: string[]]>([
    ['/v1/chat/completions', []],
    ['/openai/v1/responses', ['openai']],
    ['/openai/deployments/gpt-5/chat/completions', ['azure', 'openai']],
    ['/anthropic/v1/messages', ['anthropic']],
    ['/genai/v1beta/models/x:generateContent', ['gemini', 'vertex']],
    [`${VERTEX}/google/models/x:generateContent`, ['vertex', 'gemini']],
    [`${VERTEX}/anthropic/models/x:rawPredict`, ['vertex', 'anthropic']],
    ['/bedrock/model/x/invoke', ['bedrock', 'anthropic']],
    ['/litellm/v1/messages', ['anthropic']],
    ['/cohere/v2/chat', ['cohere']],
    ['/cursor/v1/chat/completions', ['openai']],
  ])(
    '%s prefers the models of the service that its client believes to speak to',
    (path, preferredProviders) => {
      expect(router.match('POST', path)).toMatchObject({ preferredProviders })
    },
  )
})

describe('own routes', () => {
  it.each([
    ['GET', '/api/logs', '/api/logs', {}],
    ['HEAD', '/api/logs', '/api/logs', {}],
    ['DELETE', '/api/logs', '/api/logs', {}],
    ['GET', '/api/logs/a%20b', '/api/logs/{id}', { id: 'a b' }],
    ['GET', '/api/logs/__proto__', '/api/logs/{id}', { id: '__proto__' }],
    [
      'PUT',
      '/api/keys/openai/main%2Fkey',
      '/api/keys/{provider}/{name}',
      { provider: 'openai', name: 'main/key' },
    ],
  ])('%s %s', (method, path, route, parameters) => {
    expect(router.match(method, path)).toMatchObject({ type: 'own', route: { path: route }, parameters })
  })
})

describe('what there is no route for', () => {
  it.each([
    ['GET', '/', 'method_not_allowed', 'HEAD'],
    ['GET', '/anthropic/v1/messages', 'method_not_allowed', 'POST'],
    ['POST', '/api/logs', 'method_not_allowed', 'GET, DELETE'],
    ['POST', '/api/logs/1', 'method_not_allowed', 'GET'],
    ['GET', '/v1/messages', 'not_found', ''],
    ['GET', '/anthropic', 'method_not_allowed', 'HEAD'],
    ['GET', '/api/logs/', 'not_found', ''],
    ['GET', '/api/logs/1/2', 'not_found', ''],
    ['GET', '/anthropic/v1/models/', 'not_found', ''],
    ['GET', '/api/logs/%FF', 'invalid_request', 'GET'],
    ['GET', '/__proto__', 'not_found', ''],
    ['constructor', '/api/logs', 'method_not_allowed', 'GET, DELETE'],
  ])('%s %s is %s', (method, path, kind, allowed) => {
    expect(() => router.match(method, path)).toThrow(expect.objectContaining({ kind }) as GatewayError)
    expect(router.methodsAt(path).join(', ')).toBe(allowed)
  })
})

describe('the form of errors at a path', () => {
  it.each<[path: string, body: object | undefined]>([
    ['/anthropic', { type: 'error' }],
    ['/anthropic/v1/nothing', { type: 'error' }],
    ['/openai/v1/nothing', { error: { param: null } }],
    ['/v1/nothing', { error: { param: null } }],
    ['/genai/v1beta/nothing', { error: { status: 'NOT_FOUND' } }],
    ['/genai/v1/projects/p/locations/l/publishers/anthropic/models/x:rawPredict', { type: 'error' }],
    ['/bedrock/nothing', { message: 'gone' }],
    ['/bedrock/model/x/invoke', { message: 'gone' }],
    ['/litellm/v1/messages/nothing', { type: 'error' }],
    ['/litellm/v1/chat/nothing', { error: { param: null } }],
    ['/litellm/v1beta/models/x:nothing', { error: { status: 'NOT_FOUND' } }],
    ['/litellm/model/x/nothing', { message: 'gone' }],
    ['/openai_passthrough/v1/x', { error: { param: null } }],
    ['/genai_passthrough', { error: { status: 'NOT_FOUND' } }],
    ['/anthropics/v1', undefined],
    ['/', undefined],
    ['/api/logs', undefined],
  ])('%s', (path, body) => {
    const told = router.encodeError(path, new GatewayError('not_found', 'gone'), 'id')
    if (body === undefined) expect(told).toBeUndefined()
    else expect(told).toMatchObject({ body })
  })
})
