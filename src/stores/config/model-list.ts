import type { Pattern } from '../../lib/cel/pattern.ts'
import { RecentMap } from '../../lib/recent-map.ts'
import { familyName, namesVersion, stripContextSuffix } from '../../models/names.ts'
import type { ModelList } from './governance.ts'

export type CompilePattern = (source: string, options: { ignoreCase: true }) => Pattern

export interface ModelListSettings {
  /** Undefined: all. */
  readonly allowed: readonly string[] | undefined
  readonly blocked: readonly string[]
  /** In front of a name it says nothing more. */
  readonly provider: string
  /** For entries that begin with `regex:`. */
  readonly compilePattern: CompilePattern | undefined
}

/**
 * A list in which a model is found under every spelling. Lists that compare letters were passed by asking for
 * `anthropic/claude-opus-4-8` where `claude-opus-4-8` was blocked. An entry that names a version means that one only.
 */
export function modelList({ allowed, blocked, provider, compilePattern }: ModelListSettings): ModelList {
  const allows = allowed === undefined || allowed.includes('*') ? undefined : allowed
  if (allows === undefined && blocked.length === 0) return ALL_MODELS
  const read = (entries: readonly string[]) => new Spellings(entries, provider, compilePattern)
  const [inside, outside] = [allows && read(allows), read(blocked)]
  return {
    allows: (names) =>
      !names.some((name) => outside.has(name, true)) &&
      names.some((name) => inside === undefined || inside.has(name, false)),
    listed: allows,
  }
}

export const ALL_MODELS: ModelList = { allows: () => true, listed: undefined }

const PATTERN_PREFIX = 'regex:'

/** The expression of an entry; undefined: it is a name. */
export function patternOf(entry: string): string | undefined {
  return entry.startsWith(PATTERN_PREFIX) ? entry.slice(PATTERN_PREFIX.length) : undefined
}

/** Names of models, found in any spelling. */
export class Spellings {
  readonly #provider: string
  readonly #exact = new Set<string>()
  /** Family → the paths in front of it; an empty one stands for any. */
  readonly #families = new Map<string, Set<string>>()
  readonly #patterns: Pattern[] = []
  readonly #isAll: boolean

  constructor(entries: readonly string[], provider: string, compilePattern?: CompilePattern) {
    this.#provider = `${provider}/`
    this.#isAll = entries.includes('*')
    for (const entry of entries) {
      const pattern = patternOf(entry)
      if (pattern === undefined) this.#add(this.#bare(entry))
      // Without the engine no entry was one when the file was checked.
      else if (compilePattern !== undefined)
        this.#patterns.push(compilePattern(pattern, { ignoreCase: true }))
    }
  }

  #add(name: string): void {
    this.#exact.add(name)
    if (namesVersion(name)) return
    const family = familyOf(name)
    const paths = this.#families.get(family) ?? new Set()
    this.#families.set(family, paths.add(pathOf(name)))
  }

  /** `inDoubt`: the answer where a name is too long for an expression. */
  has(name: string, inDoubt: boolean): boolean {
    if (this.#isAll) return true
    const bare = this.#bare(name)
    if (this.#exact.has(bare)) return true
    const paths = this.#families.size === 0 ? undefined : this.#families.get(familyOf(bare))
    if (paths !== undefined && (paths.has('') || isOneOf(pathOf(bare), paths))) return true
    return this.#patterns.some((pattern) => pattern.matchWhole(bare) ?? inDoubt)
  }

  #bare(name: string): string {
    // Some upstreams pass over blanks around a name.
    const lower = stripContextSuffix(name.trim()).toLowerCase()
    return lower.startsWith(this.#provider) ? lower.slice(this.#provider.length) : lower
  }
}

/** A name without a path is the model at whoever serves it. */
function isOneOf(path: string, paths: ReadonlySet<string>): boolean {
  return path === '' || paths.has(path)
}

function pathOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

/** Clients name models, and finding the family takes microseconds. */
const families = new RecentMap<string, string>(1000)

function familyOf(name: string): string {
  let family = families.get(name)
  if (family === undefined) families.set(name, (family = familyName(name)))
  return family
}
