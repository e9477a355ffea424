import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { GatewayError } from '../message/error.ts'
import { classify, isMetadataAddress } from './address.ts'

/** What decides whether an upstream may be dialled. */
export interface Dialled {
  /** Scheme, host and port. */
  readonly origin: string
  /** The operator wrote this address: it may be private. A provider's own default may not lead to one. */
  readonly operatorNamed: boolean
  /**
   * The service that tells a machine in a cloud who it is, at a link-local address. Set by `providers/credentials/`
   * alone: a provider at such an address is somebody's attempt to read these credentials.
   */
  readonly metadataService?: boolean
}

/** All addresses of a name, as `dns.lookup` with `all` gives them. */
export type Resolve = (
  hostname: string,
  options: { all: true; family?: number | 'IPv4' | 'IPv6'; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export const systemResolve: Resolve = (hostname, options, callback) => lookup(hostname, options, callback)

/**
 * Services that take commands line by line: a POST body is a script to them. Ports of `fetch`'s block list that
 * something on a machine or in its network often listens to, and the databases that it misses.
 */
const NOT_HTTP_PORTS = new Set([
  21, 22, 23, 25, 53, 110, 119, 135, 139, 143, 389, 445, 465, 587, 993, 995, 3306, 5432, 6379, 6667, 11211, 27017,
]) // prettier-ignore

/**
 * Throws `upstream_unreachable` for an origin that must not be dialled whatever it resolves to. Keys must not
 * cross a network in the clear, so a plain `http:` server is the operator's own word.
 */
export function checkOrigin(upstream: Dialled): void {
  const url = URL.parse(upstream.origin)
  // Not shown: what stands beside scheme, host and port may be a password.
  if (url === null || url.origin !== upstream.origin) refuse('An upstream', 'expected scheme, host and port')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && upstream.operatorNamed)) {
    refuse(upstream.origin, 'expected https')
  }
  if (NOT_HTTP_PORTS.has(Number(url.port)))
    refuse(upstream.origin, `port ${url.port} belongs to another protocol`)
  // An address never reaches the resolver, so it is judged here.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) judge(upstream, host)
}

/** Resolves and judges in one step: the address that was checked is the one that is dialled. */
export function checkedLookup(upstream: Dialled, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      try {
        for (const { address } of addresses) judge(upstream, address)
      } catch (refusal) {
        return callback(refusal as Error, '', 0)
      }
      // `net.connect` asks for all addresses when it races two families.
      if (options.all === true)
        return (callback as (error: null, all: LookupAddress[]) => void)(null, addresses)
      const [first] = addresses
      callback(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}

function judge(upstream: Dialled, address: string): void {
  const kind = classify(address)
  if (kind === 'public' || (kind === 'private' && upstream.operatorNamed)) return
  if (upstream.metadataService === true && isMetadataAddress(address)) return
  refuse(upstream.origin, `it leads to ${address}, where no provider may be`)
}

function refuse(origin: string, why: string): never {
  throw new GatewayError('upstream_unreachable', `${origin} is not connected to: ${why}.`)
}
