import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../src/message/error.ts'
import { expand } from '../../src/operations/template.ts'

describe('expand', () => {
  const rows: [template: string, values: Record<string, string>, path: string][] = [
    ['/v1/embeddings', {}, '/v1/embeddings'],
    ['/v1/files/{file}/content', { file: 'file-abc' }, '/v1/files/file-abc/content'],
    ['/v1/files/{file}', { file: 'a/../b?x=1#y' }, '/v1/files/a%2F..%2Fb%3Fx%3D1%23y'],
    [
      '/model/{model}/invoke',
      { model: 'amazon.titan-embed-text-v2:0' },
      '/model/amazon.titan-embed-text-v2:0/invoke',
    ],
    [
      '/model/{model}/invoke',
      { model: 'arn:aws:bedrock:us-east-1:1:inference-profile/x' },
      '/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fx/invoke',
    ],
    ['/models/{+model}/x', { model: 'BAAI/bge-m3' }, '/models/BAAI/bge-m3/x'],
    [
      '/models/{model}:embedContent',
      { model: 'gemini-embedding-001' },
      '/models/gemini-embedding-001:embedContent',
    ],
    ['/a/{x}/b/{y}', { x: 'ä', y: '%2e' }, '/a/%C3%A4/b/%252e'],
  ]
  it.each(rows)('%s with %j is %s', (template, values, path) => {
    expect(expand(template, values)).toBe(path)
  })

  it.each([
    ['/v1/files/{file}', { file: '..' }],
    ['/v1/files/{file}', { file: '.' }],
    ['/v1/files/{file}', { file: '' }],
    ['/v1/files/{file}', { file: '\ud800' }],
    ['/models/{+model}', { model: 'a/../b' }],
    ['/models/{+model}', { model: '/a' }],
  ])('%s refuses %j (J4)', (template, values) => {
    expect(() => expand(template, values)).toThrow(
      expect.objectContaining({ kind: 'invalid_request' }) as GatewayError,
    )
  })

  it('leads nowhere else, whatever an id is (J4)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        let path: string
        try {
          path = expand('/v1/files/{file}/content', { file: id })
        } catch {
          return
        }
        const url = new URL(`https://a.example${path}`)
        expect(url.pathname.split('/')).toHaveLength(5)
        expect(url.pathname.startsWith('/v1/files/') && url.pathname.endsWith('/content')).toBe(true)
        expect(url.search + url.hash).toBe('')
        expect(decodeURIComponent(url.pathname.split('/')[3]!)).toBe(id)
      }),
      { numRuns: 1_000 },
    )
  })
})
