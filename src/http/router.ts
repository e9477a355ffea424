import type { Endpoint, Protocol } from '../protocols/protocol.ts'
import { GatewayError } from '../message/error.ts'

/** A protocol served below a prefix. */
export interface Mount {
  readonly prefix: string
  readonly protocol: Protocol
  /** Whose models names without a provider mean here, before all others. */
  readonly preferredProviders?: readonly string[]
}

/** A route of the gateway's own: admin API, health, schema. */
export interface OwnRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{name}` takes one segment. */
  readonly path: string
  /** Other machines may ask too. Absent: only this one, because there is no login for what the gateway knows. */
  readonly anywhere?: true
  readonly handler: (request: OwnRequest) => OwnAnswer | Promise<OwnAnswer>
}

export interface OwnRequest {
  readonly query: URLSearchParams
  readonly parameters: Readonly<Record<string, string>>
}

export interface OwnAnswer {
  readonly status: number
  readonly body: unknown
}

export interface InferenceMatch {
  readonly type: 'inference'
  readonly protocol: Protocol
  readonly endpoint: Endpoint
  readonly preferredProviders: readonly string[]
  readonly pathModel: string | undefined
}

export interface OwnMatch {
  readonly type: 'own'
  readonly route: OwnRoute
  readonly parameters: Readonly<Record<string, string>>
}

export type Match = InferenceMatch | OwnMatch

interface Pattern {
  expression: RegExp
  /** By method: the match, from the decoded parts of the path. */
  methods: Map<string, (rest: string[]) => Match>
}

/**
 * Exact paths are one Map look-up, whatever the number of providers and keys; the few with a model or an id in
 * them are tried after.
 */
export class Router {
  readonly #exact = new Map<string, Map<string, Match>>()
  readonly #patterns: Pattern[] = []
  readonly #mounts: readonly Mount[]

  constructor(mounts: readonly Mount[], own: readonly OwnRoute[]) {
    this.#mounts = mounts
    for (const { prefix, protocol, preferredProviders = [] } of mounts) {
      for (const endpoint of protocol.endpoints) {
        const modelAt = placeOf('model', endpoint.path)
        const match = (rest: string[]): Match => ({
          type: 'inference',
          protocol,
          endpoint,
          preferredProviders,
          pathModel: rest[modelAt],
        })
        this.#add(endpoint.method, prefix + endpoint.path, match)
      }
    }
    for (const route of own)
      this.#add(route.method, route.path, (rest) => ({
        type: 'own',
        route,
        parameters: parametersOf(route.path, rest),
      }))
  }

  /** Throws `not_found`, and `method_not_allowed` naming the methods that would do. */
  match(method: string, path: string): Match {
    const found = this.#find(method, path) ?? (method === 'HEAD' ? this.#find('GET', path) : undefined)
    if (found !== undefined) return found
    const methods = this.methodsAt(path)
    if (methods.length === 0) throw new GatewayError('not_found', `Route not found: ${path}`)
    throw new GatewayError('method_not_allowed', `${path} takes ${methods.join(', ')}, not ${method}.`)
  }

  /** What can be done at a path; nothing where there is no route. */
  methodsAt(path: string): string[] {
    const patterns = this.#patterns.filter(({ expression }) => expression.test(path))
    const methods = [this.#exact.get(path), ...patterns.map((pattern) => pattern.methods)]
    return [...new Set(methods.flatMap((each) => [...(each?.keys() ?? [])]))]
  }

  /** The protocol whose error form a client at this path understands. */
  protocolAt(path: string): Protocol | undefined {
    return this.#mounts.find(
      ({ prefix }) => prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`)),
    )?.protocol
  }

  #find(method: string, path: string): Match | undefined {
    const exact = this.#exact.get(path)?.get(method)
    if (exact !== undefined) return exact
    for (const { expression, methods } of this.#patterns) {
      const rest = expression.exec(path)
      const make = rest === null ? undefined : methods.get(method)
      if (make !== undefined) return make(rest!.slice(1).map(decode))
    }
    return undefined
  }

  #add(method: string, path: string, make: (rest: string[]) => Match): void {
    if (!path.includes('{')) {
      const methods = this.#exact.get(path) ?? new Map<string, Match>()
      methods.set(method, make([]))
      this.#exact.set(path, methods)
      return
    }
    const source = path
      .replace(/[.+]/g, '\\$&')
      .replace('{model}', '(.+)')
      .replace(/\{\w+\}/g, '([^/]+)')
    const existing = this.#patterns.find((pattern) => pattern.expression.source === `^${source}$`)
    const pattern = existing ?? { methods: new Map(), expression: new RegExp(`^${source}$`) }
    if (existing === undefined) this.#patterns.push(pattern)
    pattern.methods.set(method, make)
  }
}

/** Which of the path's parameters it is; -1 where it is none. */
function placeOf(name: string, path: string): number {
  return [...path.matchAll(/\{(\w+)\}/g)].findIndex((match) => match[1] === name)
}

function parametersOf(path: string, rest: readonly string[]): Record<string, string> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)
  return Object.fromEntries(names.map((name, index) => [name, rest[index] ?? '']))
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError('invalid_request', 'The path of the request has an escape that is not UTF-8.')
  }
}
