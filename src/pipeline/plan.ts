import { route } from '../rules/routing.ts'
import type { Candidate } from '../rules/routing.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import type { InboundRequest } from './read-request.ts'

/** Where a call goes, and how. */
export interface Plan {
  readonly provider: ConfiguredProvider
  /** The model's id at the provider. */
  readonly model: string
  readonly reason: string
  /** native: the client's bytes go on; translated: through the hub. */
  readonly mode: 'native' | 'translated'
  /** The client's own login at the provider, used instead of a provider key. */
  readonly loginToken: string | undefined
}

export function plan(
  request: InboundRequest,
  caller: Caller,
  call: Call,
  configuration: Configuration,
): Plan {
  const target = route(request.model, candidates(configuration, caller))
  const provider = configuration.providers.get(target.provider)
  if (provider === undefined) throw new Error(`routing named an unknown provider: ${target.provider}`)
  return {
    provider,
    model: target.model,
    reason: target.reason,
    mode: provider.provider.protocol.id === call.protocol.id ? 'native' : 'translated',
    loginToken: loginTokenFor(provider, caller),
  }
}

const anonymousCandidates = new WeakMap<Configuration, ReadonlyMap<string, Candidate>>()
const ANONYMOUS: Caller = { virtualKey: undefined, bearerToken: undefined }

/** The configured providers as this caller can use them; the same for all who bring no login of their own. */
export function candidates(configuration: Configuration, caller: Caller): ReadonlyMap<string, Candidate> {
  if (caller.bearerToken !== undefined) return candidatesOf(configuration, caller)
  let known = anonymousCandidates.get(configuration)
  if (known === undefined) {
    known = candidatesOf(configuration, ANONYMOUS)
    anonymousCandidates.set(configuration, known)
  }
  return known
}

function candidatesOf(configuration: Configuration, caller: Caller): ReadonlyMap<string, Candidate> {
  const found = new Map<string, Candidate>()
  for (const provider of configuration.providers.values()) {
    const usable = provider.keys.some((key) => key.enabled) || loginTokenFor(provider, caller) !== undefined
    found.set(provider.id, { id: provider.id, usable, keys: provider.keys })
  }
  return found
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
  return new URL(provider.baseUrl).origin === new URL(baseUrl).origin ? token : undefined
}
