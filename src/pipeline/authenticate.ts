import { GatewayError } from '../message/error.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { VirtualKey } from '../stores/config/governance.ts'
import type { Call } from './call.ts'

/** Who makes a call. */
export interface Caller {
  /** Undefined: the anonymous user of this machine, whom nothing binds but what binds everybody. */
  readonly virtualKey: VirtualKey | undefined
  /** `Authorization: Bearer` value that is neither a virtual key nor ours: perhaps a login of a provider. */
  readonly bearerToken: string | undefined
}

/** Virtual keys start so; anything else in a key header is the agent's placeholder. */
const VIRTUAL_KEY_PREFIX = /^sk-bf-/i

/**
 * The caller, from the headers alone, before the body is read. Precedence when several carry a virtual key:
 * `x-bf-vk`, `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`. A placeholder key is accepted unless
 * virtual keys are enforced.
 *
 * Throws `missing_required_headers`, `virtual_key_required` (none given), `virtual_key_not_found`, and
 * `virtual_key_blocked` (expired or inactive).
 */
export function authenticate(call: Call, configuration: Configuration): Caller {
  const { client, governance } = configuration
  checkHeaders(call, governance.requiredHeaders)
  const { authorization } = call.headers
  const bearerToken = authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
  const presented =
    call.headers['x-bf-vk'] ??
    virtualKeyIn(bearerToken) ??
    virtualKeyIn(call.headers['x-api-key']) ??
    virtualKeyIn(call.headers['x-goog-api-key'])
  const other = bearerToken === presented ? undefined : bearerToken
  if (presented === undefined || presented === '') {
    if (client.enforceAuthOnInference) {
      throw new GatewayError(
        'virtual_key_required',
        'virtual key is required. Provide a virtual key via the x-bf-vk header, or as the agent’s API key.',
      )
    }
    return { virtualKey: governance.anonymous, bearerToken: other }
  }
  const nowMs = Date.now()
  const found = governance.findVirtualKey(presented)
  if (found === undefined || nowMs >= (found.graceEndsAtMs ?? Infinity))
    throw new GatewayError('virtual_key_not_found', 'The virtual key is not known here.')
  checkKey(found.virtualKey, nowMs)
  return { virtualKey: found.virtualKey, bearerToken: other }
}

function virtualKeyIn(value: string | undefined): string | undefined {
  return value !== undefined && VIRTUAL_KEY_PREFIX.test(value) ? value : undefined
}

/** The same where it is known whose call it is, and no value of the key is at hand. */
export function authenticateAs(virtualKey: VirtualKey, call: Call, { governance }: Configuration): Caller {
  checkHeaders(call, governance.requiredHeaders)
  checkKey(virtualKey, Date.now())
  return { virtualKey, bearerToken: undefined }
}

function checkKey({ name, active, expiresAtMs }: VirtualKey, nowMs: number): void {
  if (nowMs >= (expiresAtMs ?? Infinity))
    throw new GatewayError('virtual_key_blocked', `The virtual key ${name} has expired.`)
  if (!active) throw new GatewayError('virtual_key_blocked', `The virtual key ${name} is not active.`)
}

function checkHeaders({ headers }: Call, required: readonly string[]): void {
  if (required.length === 0) return
  const missing = required.filter((name) => (headers[name] ?? '') === '')
  if (missing.length === 0) return
  throw new GatewayError('missing_required_headers', `missing required headers: ${missing.join(', ')}`)
}
