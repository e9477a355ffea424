import { RecentMap } from '../lib/recent-map.ts'
import { lookup } from '../models/catalogue.ts'
import {
  claudeTier,
  helperTier,
  isCloudSpelling,
  looksLikeClaude,
  mayBeModelOf,
  spellerOf,
  vendorOf,
} from '../models/names.ts'
import type { ClaudeTier } from '../models/names.ts'
import { spellingAt } from '../models/spelling.ts'
import { tierModel } from '../models/tiers.ts'

/** What routing needs to know of a configured provider. */
export interface Candidate {
  readonly id: string
  /** It can serve this caller: it has an enabled key, needs none, or the caller's login token is its own. */
  readonly usable: boolean
  /** Not usable, because the caller's virtual key may not use it. */
  readonly barred?: boolean
  readonly keys: readonly {
    readonly models: ReadonlySet<string> | undefined
    readonly aliases: ReadonlyMap<string, string>
  }[]
}

/** What a provider calls a model, by any name that the model goes by; undefined where it does not serve it. */
export function modelAt(candidate: Candidate, name: string): string | undefined {
  const { id, keys } = candidate
  const alias = aliasOf(candidate, name)
  if (alias !== undefined) return alias
  if (keys.some(({ models }) => models?.has(name))) return name
  const { spelled, mayBeThere } = knownOf(id, name)
  if (spelled !== undefined && offers(keys, spelled)) return spelled
  return mayBeThere && offers(keys, name) ? name : undefined
}

interface Known {
  /** As the catalogue has the model there. */
  readonly spelled: string | undefined
  readonly mayBeThere: boolean
}

/** Clients name the same few models with every call, and to find one by its spellings takes microseconds. */
const known = new RecentMap<string, Known>(1000)

function knownOf(provider: string, name: string): Known {
  const question = `${provider}\n${name}`
  let found = known.get(question)
  if (found === undefined) {
    const spelled = vendorOf(name) === provider ? spelledAt(provider, name) : spellingAt(provider, name)
    found = { spelled, mayBeThere: mayServe(provider, name) }
    known.set(question, found)
  }
  return found
}

export function aliasOf(candidate: Candidate, name: string): string | undefined {
  for (const key of candidate.keys) {
    const model = key.aliases.get(name)
    if (model !== undefined) return model
  }
  return undefined
}

/** Unknown names may be new models; a name of another maker is none, unless the catalogue has it there. */
export function mayServe(provider: string, name: string): boolean {
  const vendor = vendorOf(name)
  if ([vendor, spellerOf(name)].includes(provider) || lookup(provider, name) !== undefined) return true
  return vendor === undefined && mayBeModelOf(provider, name)
}

/** Some key lets it through. */
export function offers(keys: Candidate['keys'], model: string): boolean {
  return keys.length === 0 || keys.some(({ models }) => models?.has(model) ?? true)
}

/**
 * The maker's own id for a cloud's spelling of its model, which the maker does not know: Claude Code in its Bedrock
 * mode asks for `us.anthropic.claude-opus-5-5`.
 */
export function spelledAt(vendor: string, name: string): string {
  return isCloudSpelling(name) ? (lookup(vendor, name)?.id ?? name) : name
}

/** The provider's model of the class that a key may use; where its keys list others, the first of those. */
export function modelOfClass({ id, keys }: Candidate, tier: ClaudeTier): string | undefined {
  const model = tierModel(id, tier)
  const open = keys.length === 0 || keys.some(({ models }) => models === undefined)
  if (open || (model !== undefined && keys.some(({ models }) => models?.has(model)))) return model
  const listed = keys.flatMap(({ models }) => [...(models ?? [])])
  const tierOf = (one: string) => claudeTier(one) ?? helperTier(one)
  const large = tier === 'haiku' ? undefined : listed.find((one) => tierOf(one) === undefined)
  return listed.find((one) => tierOf(one) === tier) ?? large ?? listed[0]
}

export function classOf(name: string): ClaudeTier | undefined {
  return looksLikeClaude(name) ? (claudeTier(name) ?? 'sonnet') : helperTier(name)
}
