import { isReference } from '../config/forms.ts'
import { formatPath } from '../config/problem.ts'
import { fields, items, textOf } from '../config/raw.ts'
import type { Fields } from '../config/raw.ts'
import type { Body, ListedKind, ObjectKind } from './port.ts'

/** An object as it stands in the settings. */
export interface Written {
  readonly id: string
  readonly body: Body
  readonly place: string
}

/** What the settings have of a kind, as far as it can be told apart. */
export function written(settings: unknown, kind: ObjectKind): Written[] {
  const root = fields(settings)
  const governance = fields(root['governance'])
  if (kind === 'auth_config') return administrators(root, governance)
  if (kind === 'provider_keys') return providerKeys(fields(root['providers']))
  return items(governance[kind]).flatMap((item, index) => {
    const body = fields(item)
    const id = idOf(kind, body)
    return id === undefined ? [] : [{ id, body, place: `governance.${kind}[${index}]` }]
  })
}

function providerKeys(providers: Fields): Written[] {
  return Object.entries(providers).flatMap(([name, block]) =>
    items(fields(block)['keys']).map((item, index) => {
      const provider = name.toLowerCase()
      const key = fields(item)
      // As the compiler names those without an id.
      const id = textOf(key['id']) ?? `${provider}/${textOf(key['name']) ?? `key ${index + 1}`}`
      return { id, body: { provider, ...key }, place: formatPath(['providers', name, 'keys', index]) }
    }),
  )
}

/** The newer place counts. */
function administrators(root: Fields, governance: Fields): Written[] {
  const [settings, place] =
    governance['auth_config'] === undefined
      ? [root['auth_config'], 'auth_config']
      : [governance['auth_config'], 'governance.auth_config']
  return settings === undefined ? [] : [{ id: 'administrator', body: fields(settings), place }]
}

/** By what an object is the same one when everything else of it changes; as the file's compiler has it. */
export function idOf(kind: ListedKind, body: Fields): string | undefined {
  if (kind === 'providers') return textOf(body['name'])?.toLowerCase()
  const id = textOf(body['id'])
  if (id !== undefined) return id
  if (kind === 'routing_rules') return textOf(body['name'])
  if (kind !== 'model_configs') return undefined
  const { scope, scope_id: scopeId, provider, model_name: model } = body
  const owner =
    textOf(scopeId) === undefined || scope === 'global' ? [] : [`${String(scope)}:${String(scopeId)}`]
  return [...owner, textOf(provider)?.toLowerCase() ?? [], textOf(model) ?? []].flat().join('/') || undefined
}

/**
 * An object without what is never written down: the value of a virtual key, unless it only says where the value is. Its
 * hash is in the memory of virtual keys.
 */
export function withoutSecrets(kind: ObjectKind, body: Body): Body {
  if (kind !== 'virtual_keys') return body
  const { value, ...rest } = body
  return typeof value === 'string' && isReference(value) ? body : rest
}

/** Do both say the same, as far as it may be written down? */
export function saysTheSame(kind: ObjectKind, one: Body, other: Body): boolean {
  const text = (body: Body) => canonicalJson(withoutSecrets(kind, body))
  return text(one) === text(other)
}

/** The same text for the same settings, in whatever order they are written. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${sorted.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(',')}}`
}
