import { GatewayError } from '../message/error.ts'
import type { Passthrough } from '../pipeline/call.ts'
import type { EncodedError } from '../protocols/dialect.ts'
import type { Endpoint } from '../protocols/endpoint.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { RouteTable } from './route-table.ts'

/** A protocol served below a prefix, where others may be served, too. */
export interface Mount {
  readonly prefix: string
  readonly protocol: Protocol
  /** What of it is served here. Absent: all of it. */
  readonly endpoints?: readonly Endpoint[]
  /** Whose models names without a provider mean here, before all others. */
  readonly preferredProviders?: readonly string[]
  /** The gateway's own route: answers say where they come from. */
  readonly isUnified?: true
  /**
   * Every path goes to the provider as it is. Of the paths that are served below this other prefix, too, it is known
   * what they ask.
   */
  readonly passthroughOf?: string
}

/** A route of the gateway's own: admin API, health, schema. */
export interface OwnRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{name}` takes one segment. */
  readonly path: string
  /** anyone: who asks is not looked at. Absent: administrators alone. */
  readonly access?: 'anyone'
  /** Absent: what objects of the settings need. */
  readonly bodyMaxBytes?: number
  readonly handler: (request: OwnRequest) => OwnAnswer | Promise<OwnAnswer>
}

/** What the edge knows of a request before its body is read. */
export interface OwnHead {
  readonly method: string
  /** Canonical. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the peer. */
  readonly peer: string
}

/**
 * Who asks. machine: a program of this machine, while no administrator is configured; setup: somebody with the token
 * that lets them configure the first.
 */
export type OwnCaller = 'anyone' | 'machine' | 'setup' | 'administrator'

/** Says who asks for a route that is not for anyone. Throws `unauthenticated`, `forbidden`, `forbidden_origin`. */
export type Admit = (request: OwnHead) => OwnCaller | Promise<OwnCaller>

export interface OwnRequest extends OwnHead {
  readonly caller: OwnCaller
  readonly query: URLSearchParams
  readonly parameters: Readonly<Record<string, string>>
  /** Bytes that were declared as JSON; none where none were sent, and for GET. */
  readonly body: Uint8Array
}

export interface OwnAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body: unknown
}

export interface InferenceMatch {
  readonly type: 'inference'
  readonly protocol: Protocol
  readonly endpoint: Endpoint
  readonly preferredProviders: readonly string[]
  readonly isUnified: boolean
  /** What stands at the names in the endpoint's path. */
  readonly parameters: Readonly<Record<string, string>>
  readonly passthrough?: Passthrough
}

export interface OwnMatch {
  readonly type: 'own'
  readonly route: OwnRoute
  readonly parameters: Readonly<Record<string, string>>
}

export type Match = InferenceMatch | OwnMatch

type Route = Omit<InferenceMatch, 'parameters'> | Omit<OwnMatch, 'parameters'>

/** What is served, by method and canonical path. */
export class Router {
  readonly #table = new RouteTable<Route>()
  readonly #mounts: readonly Mount[]
  /** By prefix, which is one segment. */
  readonly #passthroughs: ReadonlyMap<string, Mount>

  constructor(mounts: readonly Mount[], own: readonly OwnRoute[]) {
    this.#mounts = mounts
    const passthroughs = mounts.filter(({ passthroughOf }) => passthroughOf !== undefined)
    this.#passthroughs = new Map(passthroughs.map((mount) => [mount.prefix, mount]))
    for (const mount of mounts) {
      const { prefix, protocol, preferredProviders = [], isUnified = false } = mount
      for (const endpoint of endpointsOf(mount)) {
        const route = { type: 'inference', protocol, endpoint, preferredProviders, isUnified } as const
        this.#table.add(endpoint.method, prefix + endpoint.path, route)
      }
    }
    for (const route of own) this.#table.add(route.method, route.path, { type: 'own', route })
  }

  /** Throws `not_found`, and `method_not_allowed` naming the methods that would do. */
  match(method: string, path: string): Match {
    const found =
      this.#find(method, path) ??
      (method === 'HEAD' ? this.#find('GET', path) : undefined) ??
      this.#passthrough(method, path)
    if (found !== undefined) return found
    const methods = this.methodsAt(path)
    if (methods.length === 0) throw new GatewayError('not_found', `Route not found: ${path}`)
    throw new GatewayError('method_not_allowed', `${path} takes ${methods.join(', ')}, not ${method}.`)
  }

  /** What can be done at a path; nothing where there is no route. */
  methodsAt(path: string): string[] {
    if (this.#passthroughAt(path) !== undefined) return [...PASSTHROUGH_METHODS]
    return [...new Set([...this.#table.find(path)].flatMap(({ routes }) => [...routes.keys()]))]
  }

  /**
   * A failure as a client at this path is told of it; undefined outside of what is mounted below a prefix. Of the APIs
   * below one prefix, a client at a path that none of them has speaks the one whose paths are nearest.
   */
  encodeError(path: string, error: GatewayError, requestId: string): EncodedError | undefined {
    const here = this.#mounts.filter(({ prefix }) => prefix !== '' && isBelow(prefix, path))
    if (here.length === 0) return undefined
    for (const { routes } of this.#table.find(path))
      for (const route of routes.values())
        if (route.type === 'inference') return encodeError(route, error, requestId)
    const near = here.flatMap((mount) =>
      endpointsOf(mount).map((endpoint) => ({
        protocol: mount.protocol,
        endpoint,
        common: commonLength(mount.prefix + endpoint.path, path),
      })),
    )
    const nearest = near.toSorted((one, other) => other.common - one.common)[0]
    if (nearest !== undefined) return encodeError(nearest, error, requestId)
    return here[0]!.protocol.error.encode(error, requestId)
  }

  #passthrough(name: string, path: string): InferenceMatch | undefined {
    const mount = this.#passthroughAt(path)
    const method = PASSTHROUGH_METHODS.find((one) => one === name)
    if (mount === undefined || method === undefined) return undefined
    const { prefix, protocol, preferredProviders = [], passthroughOf } = mount
    const rest = path.slice(prefix.length)
    const known = this.#find(method, passthroughOf + rest)
    const passthrough = { path: rest, generates: false }
    if (known?.type !== 'inference' || known.endpoint.operation !== 'generate') {
      const endpoint = { ...ANYTHING, method }
      return {
        type: 'inference',
        protocol,
        endpoint,
        preferredProviders,
        isUnified: false,
        parameters: {},
        passthrough,
      }
    }
    const endpoint = { ...known.endpoint, operation: 'passthrough' } as const
    return { ...known, endpoint, preferredProviders, passthrough: { path: rest, generates: true } }
  }

  #passthroughAt(path: string): Mount | undefined {
    const prefix = path.slice(0, Math.max(0, path.indexOf('/', 1)))
    return this.#passthroughs.get(prefix)
  }

  #find(method: string, path: string): Match | undefined {
    const exact = this.#table.exact(path)?.get(method)
    if (exact !== undefined) return { ...exact, parameters: NO_PARAMETERS }
    for (const { routes, values } of this.#table.find(path)) {
      const route = routes.get(method)
      if (route !== undefined) return { ...route, parameters: decoded(values) }
    }
    return undefined
  }
}

const NO_PARAMETERS = {}

/** What a passthrough asks of which nothing is known. */
const ANYTHING = { path: '/', operation: 'passthrough' } as const
const PASSTHROUGH_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function endpointsOf({
  protocol,
  endpoints = protocol.endpoints,
  passthroughOf,
}: Mount): readonly Endpoint[] {
  return passthroughOf === undefined ? endpoints : []
}

function encodeError(
  { protocol, endpoint }: Pick<InferenceMatch, 'protocol' | 'endpoint'>,
  error: GatewayError,
  requestId: string,
): EncodedError {
  const { dialect } = endpoint
  return dialect?.encodeError?.(error, requestId) ?? protocol.error.encode(error, requestId)
}

function isBelow(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** How far two paths go together, in letters. */
function commonLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

function decoded(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decode(value)]))
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError('invalid_request', 'The path of the request has an escape that is not UTF-8.')
  }
}
