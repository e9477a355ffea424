import { PathPattern } from './path-pattern.ts'

/** What is there at a path: by method, with the values of the path's names. */
export interface Found<Route> {
  readonly routes: ReadonlyMap<string, Route>
  /** Escaped as they came. */
  readonly values: Readonly<Record<string, string>>
}

interface Pattern<Route> {
  readonly path: string
  readonly pattern: PathPattern
  readonly routes: Map<string, Route>
}

const NO_VALUES = {}

/**
 * Finds what is served at a path. Paths without names are one look-up. Those with names lie by the text before the
 * first of them, so that a look-up for each slash of the path finds the few that it can be: the number of routes costs
 * nothing. The first that was added at a path stays.
 */
export class RouteTable<Route> {
  readonly #exact = new Map<string, Map<string, Route>>()
  readonly #patterns = new Map<string, Pattern<Route>[]>()
  /** Slashes in the longest beginning of a pattern: later ones in a path cannot lead to one. */
  #slashesMax = 0

  add(method: string, path: string, route: Route): void {
    const routes = path.includes('{') ? this.#patternRoutes(path) : this.#exactRoutes(path)
    if (!routes.has(method)) routes.set(method, route)
  }

  /** The first that {@link find} gives, where that is a path without names. */
  exact(path: string): Found<Route>['routes'] | undefined {
    return this.#exact.get(path)
  }

  /** All that the path can be, in the order in which to take them. */
  *find(path: string): Generator<Found<Route>> {
    const exact = this.#exact.get(path)
    if (exact !== undefined) yield { routes: exact, values: NO_VALUES }
    for (const beginning of beginnings(path, this.#slashesMax)) {
      for (const { pattern, routes } of this.#patterns.get(beginning) ?? []) {
        const values = pattern.read(path)
        if (values === undefined) continue
        yield { routes, values: Object.fromEntries(pattern.names.map((name, at) => [name, values[at]!])) }
      }
    }
  }

  #exactRoutes(path: string): Map<string, Route> {
    const routes = this.#exact.get(path) ?? new Map<string, Route>()
    this.#exact.set(path, routes)
    return routes
  }

  #patternRoutes(path: string): Map<string, Route> {
    const pattern = new PathPattern(path)
    const { beginning } = pattern
    const patterns = this.#patterns.get(beginning) ?? []
    this.#patterns.set(beginning, patterns)
    this.#slashesMax = Math.max(this.#slashesMax, beginning.split('/').length - 1)
    const known = patterns.find((one) => one.path === path)
    if (known !== undefined) return known.routes
    const routes = new Map<string, Route>()
    patterns.push({ path, pattern, routes })
    return routes
  }
}

/** The path up to each of its first slashes, the longest first: it says most about the path. */
function beginnings(path: string, slashesMax: number): string[] {
  const found: string[] = []
  for (let at = path.indexOf('/'); at >= 0 && found.length < slashesMax; at = path.indexOf('/', at + 1))
    found.unshift(path.slice(0, at + 1))
  return found
}
