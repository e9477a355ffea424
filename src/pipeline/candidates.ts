import { RecentMap } from '../lib/recent-map.ts'
import type { Candidate } from '../rules/candidate.ts'
import { route } from '../rules/routing.ts'
import type { Target as RoutedTo } from '../rules/routing.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { VirtualKey } from '../stores/config/governance.ts'
import type { Caller } from './authenticate.ts'

type Candidates = ReadonlyMap<string, Candidate>

const ofEverybody = new WeakMap<Configuration, Candidates>()
/** Virtual keys are objects of one configuration, and live as long as it does. */
const ofKeys = new WeakMap<VirtualKey, Candidates>()

/** The configured providers as this caller can use them; made once for all who bring no login of their own. */
export function candidates(configuration: Configuration, caller: Caller): Candidates {
  const { virtualKey } = caller
  if (bringsLogin(configuration, caller)) return candidatesOf(configuration, caller)
  const isRestricted = virtualKey?.grants !== undefined
  let known = isRestricted ? ofKeys.get(virtualKey) : ofEverybody.get(configuration)
  if (known !== undefined) return known
  known = candidatesOf(configuration, caller)
  routes.set(known, new RecentMap(ROUTES_MAX))
  if (isRestricted) ofKeys.set(virtualKey, known)
  else ofEverybody.set(configuration, known)
  return known
}

/** Most bearer tokens are placeholders, because agents send none without. */
function bringsLogin({ providers }: Configuration, caller: Caller): boolean {
  if (caller.bearerToken === undefined) return false
  for (const provider of providers.values()) if (loginTokenFor(provider, caller) !== undefined) return true
  return false
}

/** Clients name the same few models with every call. */
const ROUTES_MAX = 100

/** Of candidates that are made once, where names have led. */
const routes = new WeakMap<Candidates, RecentMap<string, Route>>()

interface Route {
  readonly preferred: readonly string[]
  readonly to: RoutedTo
}

/** What `route` says. */
export function routeAmong(known: Candidates, requested: string, preferred: readonly string[]): RoutedTo {
  const remembered = routes.get(known)
  const before = remembered?.get(requested)
  if (before !== undefined && before.preferred === preferred) return before.to
  const to = route(requested, known, preferred)
  remembered?.set(requested, { preferred, to })
  return to
}

function candidatesOf(configuration: Configuration, caller: Caller): Candidates {
  const found = new Map<string, Candidate>()
  for (const provider of configuration.providers.values())
    found.set(provider.id, candidateOf(provider, caller))
  return found
}

function candidateOf(provider: ConfiguredProvider, caller: Caller): Candidate {
  const { id } = provider
  const { virtualKey } = caller
  if (isBarred(virtualKey, id)) return { id, usable: false, barred: true, keys: [] }
  const keyIds = grantedKeys(virtualKey, id)
  const keys = keyIds === undefined ? provider.keys : provider.keys.filter((key) => keyIds.has(key.id))
  const usable = keys.some((key) => key.enabled) || loginTokenFor(provider, caller) !== undefined
  return { id, usable, keys }
}

function isBarred(key: VirtualKey | undefined, provider: string): boolean {
  if (key?.grants === undefined || key.allowsOtherProviders) return false
  return !key.grants.some((grant) => grant.provider === provider)
}

/** The ids of a provider's keys that the virtual key may use, by all of its grants together; undefined: all. */
export function grantedKeys(key: VirtualKey | undefined, provider: string): ReadonlySet<string> | undefined {
  const grants = key?.grants?.filter((grant) => grant.provider === provider) ?? []
  if (grants.length === 0 || grants.some(({ keyIds }) => keyIds === undefined)) return undefined
  return new Set(grants.flatMap(({ keyIds }) => [...keyIds!]))
}

/**
 * A client's login token (Claude Pro, Max) is a person's account: it goes to its provider's own host and nowhere
 * else, also when the operator points the provider at a relay. Other gateways have leaked it to third parties.
 */
export function loginTokenFor(provider: ConfiguredProvider, caller: Caller): string | undefined {
  const { loginTokenPrefix, baseUrl } = provider.provider
  const token = caller.bearerToken
  if (token === undefined || loginTokenPrefix === undefined || baseUrl === undefined) return undefined
  if (!token.startsWith(loginTokenPrefix)) return undefined
  return provider.reach?.upstream.origin === new URL(baseUrl).origin ? token : undefined
}
