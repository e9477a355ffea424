import type { Operation, Protocol } from '../protocols/protocol.ts'
import { GatewayError } from '../message/error.ts'

/** A protocol served below a prefix. */
export interface Mount {
  readonly prefix: string
  readonly protocol: Protocol
}

/** A route of the gateway's own: admin API, health, schema. */
export interface OwnRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{name}` takes one segment. */
  readonly path: string
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

export type Match =
  | { type: 'inference'; protocol: Protocol; operation: Operation; pathModel: string | undefined }
  | { type: 'own'; route: OwnRoute; parameters: Readonly<Record<string, string>> }

interface Pattern {
  methods: Map<string, (rest: string[]) => Match>
  expression: RegExp
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
    for (const { prefix, protocol } of mounts) {
      for (const { method, path, operation } of protocol.endpoints) {
        const match = (rest: string[]): Match => ({ type: 'inference', protocol, operation, pathModel: rest[0] })
        this.#add(method, prefix + path, match)
      }
    }
    for (const route of own) this.#add(route.method, route.path, (rest) => ({ type: 'own', route, parameters: parametersOf(route.path, rest) }))
  }

  /** Throws `not_found`, and `method_not_allowed` naming the methods that would do. */
  match(method: string, path: string): Match {
    const exact = this.#exact.get(path)
    const found = exact?.get(method)
    if (found !== undefined) return found
    const methods = new Set(exact?.keys())
    for (const pattern of this.#patterns) {
      const rest = pattern.expression.exec(path)
      if (rest === null) continue
      const make = pattern.methods.get(method)
      if (make !== undefined) return make(rest.slice(1).map(decode))
      for (const each of pattern.methods.keys()) methods.add(each)
    }
    if (methods.size === 0) throw new GatewayError('not_found', `Route not found: ${path}`)
    throw new GatewayError('method_not_allowed', `${path} takes ${[...methods].join(', ')}, not ${method}.`)
  }

  /** The protocol whose error form a client at this path understands. */
  protocolAt(path: string): Protocol | undefined {
    return this.#mounts.find(({ prefix }) => prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`)))?.protocol
  }

  #add(method: string, path: string, make: (rest: string[]) => Match): void {
    if (!path.includes('{')) {
      const methods = this.#exact.get(path) ?? new Map<string, Match>()
      methods.set(method, make([]))
      this.#exact.set(path, methods)
      return
    }
    const source = path.replace(/[.+]/g, '\\$&').replace('{model}', '(.+)').replace(/\{\w+\}/g, '([^/]+)')
    const existing = this.#patterns.find((pattern) => pattern.expression.source === `^${source}$`)
    const pattern = existing ?? { methods: new Map(), expression: new RegExp(`^${source}$`) }
    if (existing === undefined) this.#patterns.push(pattern)
    pattern.methods.set(method, make)
  }
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
