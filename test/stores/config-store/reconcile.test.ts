/** Which version of an object counts: the file's or the API's (hash reconciliation). */
import { describe, expect, it } from 'vitest'
import { canonicalJson, idOf } from '../../../src/stores/config-store/identity.ts'
import type { ListedKind, StoredObject } from '../../../src/stores/config-store/port.ts'
import { reconcile } from '../../../src/stores/config-store/reconcile.ts'

const hashOf = (text: string) => `hash of ${text}`
const A = { id: 't', name: 'A' }
const B = { id: 't', name: 'B' }
const C = { id: 't', name: 'C' }

/** What the API made of the team `t`, when the file said `file` of it. */
const row = (body: StoredObject['body'], file?: object): StoredObject => ({
  kind: 'teams',
  id: 't',
  body,
  fileHash: file && hashOf(canonicalJson(file)),
  createdAtMs: 1,
  updatedAtMs: 2,
})

const file = (...teams: object[]) => ({ governance: { teams } })

interface Row {
  name: string
  file: unknown
  stored?: StoredObject
  /** Name, source, and whether the file says something else; undefined: there is no such team. */
  counts: [name: string, source: 'file' | 'api', differs: boolean] | undefined
  overruled?: true
}

const ROWS: Row[] = [
  { name: 'only the file has it', file: file(A), counts: ['A', 'file', false] },
  { name: 'only the API has it', file: file(), stored: row(B), counts: ['B', 'api', false] },
  { name: 'nobody has it', file: file(), counts: undefined },
  { name: 'the API changed what the file has', file: file(A), stored: row(B, A), counts: ['B', 'api', true] },
  {
    name: 'the API wrote what the file has, in another order',
    file: file({ name: 'A', id: 't' }),
    stored: row(A, A),
    counts: ['A', 'api', false],
  },
  {
    name: 'the file was changed after the API had changed it',
    file: file(C),
    stored: row(B, A),
    counts: ['C', 'file', false],
    overruled: true,
  },
  {
    name: 'the file was changed to what the API had made of it',
    file: file(B),
    stored: row(B, A),
    counts: ['B', 'file', false],
    overruled: true,
  },
  {
    name: 'the file was written anew, and says the same',
    file: file({ name: 'A', id: 't' }),
    stored: row(B, A),
    counts: ['B', 'api', true],
  },
  { name: 'the API deleted it', file: file(A), stored: row(null, A), counts: undefined },
  {
    name: 'the API deleted it, and the file was changed since',
    file: file(C),
    stored: row(null, A),
    counts: ['C', 'file', false],
    overruled: true,
  },
  {
    name: 'it was taken out of the file',
    file: file(),
    stored: row(B, A),
    counts: undefined,
    overruled: true,
  },
  {
    name: 'it was taken out of the file after the API had deleted it',
    file: file(),
    stored: row(null, A),
    counts: undefined,
    overruled: true,
  },
  {
    name: 'the file brings one of the same id as one that the API made',
    file: file(C),
    stored: row(B),
    counts: ['C', 'file', false],
    overruled: true,
  },
  {
    name: 'there is no file, but the API made it',
    file: undefined,
    stored: row(B),
    counts: ['B', 'api', false],
  },
  {
    name: 'there is no file, and so nothing that the API changed',
    file: undefined,
    stored: row(B, A),
    counts: undefined,
  },
  {
    name: 'the file is the source of truth',
    file: { ...file(A), source_of_truth: 'config.json' },
    stored: row(B, A),
    counts: ['A', 'file', false],
    overruled: true,
  },
  {
    name: 'the file is the source of truth, and says nothing of it',
    file: { ...file(), source_of_truth: 'config.json' },
    stored: row(B),
    counts: ['B', 'api', false],
  },
]

describe('which version counts', () => {
  it.each(ROWS)('$name', ({ file: value, stored, counts, overruled }) => {
    const result = reconcile({ file: value, stored: stored === undefined ? [] : [stored], hashOf })
    const teams = result.objects.get('teams')!
    expect(teams.map(({ body, source, fileDiffers }) => [body['name'], source, fileDiffers])).toEqual(
      counts === undefined ? [] : [counts],
    )
    expect(result.overruled).toEqual(overruled === true ? [stored] : [])
  })

  it('objects of the file keep their order, and those of the API come behind, the older first', () => {
    const named = (id: string) => ({ id, name: id })
    const made = (id: string): StoredObject => ({ ...row(named(id)), id })
    const changed = { ...row(named('b'), named('b')), id: 'b' }
    const { objects } = reconcile({
      file: file(named('c'), named('b'), named('a')),
      stored: [made('z'), changed, made('y')],
      hashOf,
    })
    expect(objects.get('teams')!.map(({ id, place }) => [id, place])).toEqual([
      ['c', 'governance.teams[0]'],
      ['b', 'teams/b'],
      ['a', 'governance.teams[2]'],
      ['z', 'teams/z'],
      ['y', 'teams/y'],
    ])
  })

  it('the administrator of the newer place of the file counts, and the file’s before the API’s', () => {
    const stored: StoredObject = {
      ...row({ admin_username: 'api' }),
      kind: 'auth_config',
      id: 'administrator',
    }
    const names = (value: unknown) =>
      reconcile({ file: value, stored: [stored], hashOf })
        .objects.get('auth_config')!
        .map(({ body, place }) => [body['admin_username'], place])
    const older = { auth_config: { admin_username: 'older' } }
    expect(names({})).toEqual([['api', 'session/administrator']])
    expect(names(older)).toEqual([['older', 'auth_config']])
    const both = { ...older, governance: { auth_config: { admin_username: 'newer' } } }
    expect(names(both)).toEqual([['newer', 'governance.auth_config']])
  })

  it('I10 the value of a virtual key makes no difference, for the API keeps none', () => {
    const key = { id: 'k', name: 'K', value: 'sk-bf-in-the-file' }
    const stored: StoredObject = {
      ...row({ id: 'k', name: 'K' }),
      kind: 'virtual_keys',
      id: 'k',
      fileHash: hashOf(canonicalJson(key)),
    }
    const { objects } = reconcile({ file: { governance: { virtual_keys: [key] } }, stored: [stored], hashOf })
    expect(objects.get('virtual_keys')).toMatchObject([{ source: 'api', fileDiffers: false }])
  })
})

describe('by what an object is the same one', () => {
  it.each<[ListedKind, object, string | undefined]>([
    ['teams', { id: 't', name: 'T' }, 't'],
    ['teams', { name: 'T' }, undefined],
    ['providers', { name: 'OpenAI' }, 'openai'],
    ['routing_rules', { id: 'r', name: 'R' }, 'r'],
    ['routing_rules', { name: 'R' }, 'R'],
    ['routing_rules', {}, undefined],
    ['model_configs', { id: 'm', model_name: 'gpt-5' }, 'm'],
    ['model_configs', { model_name: 'gpt-5' }, 'gpt-5'],
    ['model_configs', { model_name: 'gpt-5', provider: 'OpenAI' }, 'openai/gpt-5'],
    ['model_configs', { model_name: 'gpt-5', scope: 'team', scope_id: 't' }, 'team:t/gpt-5'],
    ['model_configs', { model_name: 'gpt-5', scope: 'global', scope_id: 't' }, 'gpt-5'],
  ])('%s %j: %s', (kind, body, id) => {
    expect(idOf(kind, body as Record<string, unknown>)).toBe(id)
  })
})

describe('the text of settings', () => {
  it('is the same in whatever order they are written', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: undefined })).toBe('{"b":[1,{"c":"é","d":null}]}')
    expect(canonicalJson({ a: 1, b: 2 })).toBe(canonicalJson({ b: 2, a: 1 }))
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]))
  })
})
