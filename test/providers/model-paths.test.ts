import { describe, expect, it } from 'vitest'
import { azure } from '../../src/providers/azure.ts'
import { bedrock } from '../../src/providers/bedrock.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { pathTo } from '../../src/providers/provider.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { vertex } from '../../src/providers/vertex.ts'

/**
 * Where a provider has the model in its path, the caller writes a part of an address that the operator's key or
 * signature opens. Whatever it says stays one name (reported of another gateway as bifrost#7307).
 */

const CLOUDS = {
  vertex: { kind: 'vertex', projectId: 'p', region: 'global' },
  azure: { kind: 'azure', endpoint: 'https://a.b', apiVersion: '1', scopes: [] },
} as never as Record<string, never>

const paths = [azure, bedrock, gemini, vertex].flatMap((provider: Provider) =>
  provider.surfaces.flatMap(({ protocol, paths: { generate, countTokens } }) =>
    [generate, countTokens].flatMap((path) =>
      typeof path !== 'function' || namesNoModel(path, provider.id)
        ? []
        : [{ name: `${provider.id} in ${protocol.id}`, path, cloud: CLOUDS[provider.id] }],
    ),
  ),
)

function namesNoModel(path: Parameters<typeof pathTo>[0], provider: string): boolean {
  return !pathTo(path, { model: 'some-model', stream: false, cloud: CLOUDS[provider] }).includes('some-model')
}

describe.each(paths)('J4 a model of $name', ({ path, cloud }) => {
  const to = (model: string, stream = false) => pathTo(path, { model, stream, cloud })

  it.each(['..', '.', '', '../x', 'a/../../x', 'a//b', '/x', '\ud800', 'claude-\udc00'])(
    '%j leaves its place in no path',
    (model) => {
      let told = ''
      try {
        told = to(model)
      } catch (error) {
        return expect(error).toMatchObject({ kind: 'invalid_request', details: { field: 'model' } })
      }
      expect(new URL(told, 'https://a.b').pathname).toBe(told.replace(/\?.*/, ''))
      expect(told.split('?')[0]).not.toContain('//')
    },
  )

  it.each(['claude?x=1', 'claude#x', 'a b', 'a\r\nx-evil: 1', 'a%2f..%2fb', 'é', 'a\0b', 'a\\..\\b'])(
    '%j is escaped',
    (model) => {
      expect(to(model)).toContain(encodeURIComponent(model))
    },
  )
})

describe('ids that stand in paths as they are', () => {
  it.each([
    [bedrock, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke'],
    [vertex, 'gemini-2.5-pro', '/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:generateContent'],
    [vertex, 'claude-sonnet-4-5@20250929', '/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict'],
    [vertex, '123', '/v1/projects/p/locations/global/endpoints/123:generateContent'],
    [gemini, 'tunedModels/mine-1', '/tunedModels/mine-1:generateContent'],
    [gemini, 'gemini-2.5-pro', '/models/gemini-2.5-pro:generateContent'],
  ] as const)('%#: %s', (provider: Provider, model, expected) => {
    const surface = provider.surfaces.find(({ serves }) => serves?.(model, model) ?? true)!
    expect(pathTo(surface.paths.generate, { model, stream: false, cloud: CLOUDS[provider.id] })).toBe(expected)
  })
}) // prettier-ignore
