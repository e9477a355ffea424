import { describe, expect, it } from 'vitest'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import type { GatewayError } from '../../src/message/error.ts'

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
    expect(router.match(method, path)).toMatchObject({
      type: 'inference',
      endpoint: { operation },
      pathModel,
    })
  })
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

describe('the protocol whose errors a client at a path understands', () => {
  it.each([
    ['/anthropic', 'anthropic'],
    ['/anthropic/v1/nothing', 'anthropic'],
    ['/anthropics/v1', undefined],
    ['/', undefined],
    ['/api/logs', undefined],
  ])('%s', (path, id) => expect(router.protocolAt(path)?.id).toBe(id))
})
