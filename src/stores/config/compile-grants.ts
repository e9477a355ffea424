import type { ConfiguredProvider } from './configuration.ts'
import { LIST_SEMANTICS, type ListSemantics } from './defaults.ts'
import type { ModelList, Owner, ProviderGrant } from './governance.ts'
import type { LimitsCompiler, OriginOf } from './compile-limits.ts'
import { modelList, type CompilePattern } from './model-list.ts'
import type { Notice } from './notice.ts'
import { fields, textOf } from './raw.ts'
import type { GrantSettings, VirtualKeySettings } from './schema-governance.ts'

export interface GrantContext {
  readonly semantics: ListSemantics | undefined
  readonly providers: ReadonlyMap<string, ConfiguredProvider>
  readonly limits: LimitsCompiler
  readonly originOf: OriginOf
  readonly notices: Notice[]
  readonly compilePattern: CompilePattern | undefined
  /** Those that were made before, by what they say. */
  readonly modelLists: Map<string, ModelList>
}

/** What a virtual key may use, with the place of each grant; undefined: everything. */
export function compileGrants(
  key: VirtualKeySettings,
  place: string,
  context: GrantContext,
): ProviderGrant[] | undefined {
  const isShort = key.providers !== undefined
  const listed = key.providers ?? key.provider_configs ?? undefined
  const open = key.allow_all_providers === true ? 'all' : meaningOf(listed, context.semantics)
  if (open === 'all' && (listed === undefined || listed.length === 0)) return undefined
  const name = isShort ? 'providers' : 'provider_configs'
  return (listed ?? []).map((settings, index) =>
    compileGrant(key, settings, { ...context, place: `${place}.${name}[${index}]`, isShort }),
  )
}

/** What a list allows that is empty or absent; undefined: it has items, which say so. */
function meaningOf(
  list: readonly unknown[] | undefined,
  semantics: ListSemantics = LIST_SEMANTICS[0],
): 'all' | 'none' | undefined {
  if (list === undefined) return semantics === 'deny_absent' ? 'none' : 'all'
  if (list.length > 0) return undefined
  return semantics === 'allow_empty' ? 'all' : 'none'
}

interface PlacedContext extends GrantContext {
  readonly place: string
  /** Short forms leave out the lists because they mean all. */
  readonly isShort: boolean
}

function compileGrant(
  key: VirtualKeySettings,
  settings: GrantSettings,
  context: PlacedContext,
): ProviderGrant {
  const provider = settings.provider.toLowerCase()
  const semantics = context.isShort || settings.model !== undefined ? shortOf(context) : context.semantics
  const owner: Owner = {
    kind: 'virtual_key_provider',
    id: `${key.id}/${provider}`,
    name: `${key.name}/${provider}`,
  }
  return {
    provider,
    weight: weightOf(settings.weight, context.semantics),
    model: settings.model || undefined,
    models: listOf(provider, allowedModels(settings, semantics), settings.blacklisted_models ?? [], context),
    keyIds: keyIdsOf(key.name, provider, namesOfKeys(settings), semantics, context),
    limits: context.limits.compile(settings, owner, context.place),
    origin: context.originOf(settings, context.place),
  }
}

/** Thousands of keys have the same few lists. */
function listOf(
  provider: string,
  allowed: readonly string[] | undefined,
  blocked: readonly string[],
  { modelLists, compilePattern }: GrantContext,
): ModelList {
  const text = JSON.stringify([provider, allowed, blocked])
  let list = modelLists.get(text)
  if (list === undefined) {
    list = modelList({ allowed, blocked, provider, compilePattern })
    modelLists.set(text, list)
  }
  return list
}

function shortOf({ semantics }: GrantContext): ListSemantics | undefined {
  return semantics === 'deny_absent' ? 'deny_empty' : semantics
}

/** In 1.4 every provider has its share; since 1.5 `null` keeps one out of the draw. */
function weightOf(
  weight: number | null | undefined,
  semantics: ListSemantics | undefined,
): number | undefined {
  if (weight === null) return semantics === 'allow_empty' ? 1 : undefined
  return weight ?? 1
}

function allowedModels(
  settings: GrantSettings,
  semantics: ListSemantics | undefined,
): readonly string[] | undefined {
  const listed = settings.allowed_models ?? undefined
  const meaning = meaningOf(listed, semantics)
  if (meaning === undefined) return listed
  if (meaning === 'none') return []
  return settings.model ? [settings.model] : undefined
}

/** All three spellings; undefined: none of them is there. */
export function namesOfKeys(settings: GrantSettings): string[] | undefined {
  const { key_ids: ids, allowed_keys: allowed, keys } = settings
  if (!ids && !allowed && !keys) return undefined
  const objects = (keys ?? []).flatMap((entry) => {
    const { key_id: keyId, id, name } = fields(entry)
    return textOf(keyId) ?? textOf(id) ?? textOf(name) ?? []
  })
  return [...(ids ?? []), ...(allowed ?? []), ...objects]
}

/** Ids of provider keys for their ids or names. One that is not there allows nothing, and is told. */
function keyIdsOf(
  virtualKey: string,
  provider: string,
  names: readonly string[] | undefined,
  semantics: ListSemantics | undefined,
  { providers, notices }: GrantContext,
): ReadonlySet<string> | undefined {
  const meaning = meaningOf(names, semantics)
  if (meaning === 'all' || names?.includes('*') === true) return undefined
  const keys = providers.get(provider)?.keys ?? []
  const ids = new Set<string>()
  for (const name of names ?? []) {
    const known = keys.find(({ id }) => id === name) ?? keys.find((key) => key.name === name)
    if (known !== undefined) ids.add(known.id)
    else if (providers.has(provider)) {
      const message = `The virtual key "${virtualKey}" names the key "${name}" of ${provider}, which is not there.`
      notices.push({ kind: 'governance', message })
    }
  }
  return ids
}
