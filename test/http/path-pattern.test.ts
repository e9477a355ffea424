import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PathPattern } from '../../src/http/path-pattern.ts'
import { RouteTable } from '../../src/http/route-table.ts'

describe('a path with names in it', () => {
  it.each<[pattern: string, path: string, values: string[] | undefined]>([
    ['/logs/{id}', '/logs/17', ['17']],
    ['/logs/{id}', '/logs/', undefined],
    ['/logs/{id}', '/logs/1/2', undefined],
    ['/logs/{id}/body', '/logs/1/body', ['1']],
    ['/logs/{id}/body', '/logs/1/2/body', undefined],
    ['/logs/{id}/body', '/logs//body', undefined],
    ['/logs/{id}/body', '/logs/body', undefined],
    ['/logs/{id}/body', '/logs/body/body', ['body']],
    ['/keys/{provider}/{name}', '/keys/a/b', ['a', 'b']],
    ['/keys/{provider}/{name}', '/keys/a/b/c', undefined],
    ['/keys/{provider}/{name}', '/keys/a/', undefined],
    ['/models/{model}', '/models/a/b', ['a/b']],
    ['/models/{model}:go', '/models/a:b:go', ['a:b']],
    ['/models/{model}:go', '/models/:go', undefined],
    ['/models/{model}:go', '/models/a:go:', undefined],
    ['/model/{model}/go', '/model/a/go/go', ['a/go']],
    ['/model/{model}/go', '/model/go', undefined],
    ['/model/{model}/jobs/{id}', '/model/a/jobs/b/jobs/c', ['a/jobs/b', 'c']],
    ['/model/{model}/jobs/{id}', '/model/jobs/c', undefined],
    ['/p/{project}/l/{place}/models/{model}:go', '/p/1/l/2/models/a/b:go', ['1', '2', 'a/b']],
    ['/p/{project}/l/{place}/models/{model}:go', '/p/1/l/l/2/models/a:go', undefined],
    ['/p/{project}/l/{place}/models/{model}:go', '/p/1/models/a:go', undefined],
  ])('%s at %s', (pattern, path, values) => {
    expect(new PathPattern(pattern).read(path)).toEqual(values)
  })

  it.each(['/logs-{id}', '{id}', '/a/{model}/{model}'])('%s is none', (path) => {
    expect(() => new PathPattern(path)).toThrow(path)
  })

  const segment = fc.stringMatching(/^[a-z0-9.%:-]{1,8}$/)

  it('reads what was put at its names, whatever it is', () => {
    const model = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    fc.assert(
      fc.property(segment, model, (project, id) => {
        const pattern = new PathPattern('/p/{project}/models/{model}:go')
        expect(pattern.read(`/p/${project}/models/${id}:go`)).toEqual([project, id])
      }),
    )
  })

  it('is found among all as it would be alone', () => {
    const paths = ['/a/{id}', '/a/b/{id}', '/a/{id}/c', '/a/{model}:go', '/a/b', '/{id}', '/a/b/{model}/c']
    const table = new RouteTable<string>()
    for (const path of paths) table.add('GET', path, path)
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd:go', '', 'x'))
      .map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(path, (text) => {
        const alone = paths.filter((one) =>
          one.includes('{') ? new PathPattern(one).read(text) !== undefined : one === text,
        )
        const found = [...table.find(text)].map(({ routes }) => routes.get('GET')!)
        expect(found.toSorted()).toEqual(alone.toSorted())
      }),
    )
  })
})
