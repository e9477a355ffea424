import { portableCallId, shortHash } from '../shared/identity.ts'

/** "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", and at most so many of them. */
const LENGTH_MAX = 64

/** An id as the API takes it; the same gives the same, so that calls and results still find each other. */
export function usableCallId(id: string): string {
  const portable = portableCallId(id)
  return portable !== '' && portable.length <= LENGTH_MAX ? portable : `tooluse_${shortHash(id, 24)}`
}

/** Ids of one answer's calls, for a client: none twice, and none missing. */
export class CallIds {
  readonly #responseId: string
  readonly #given = new Set<string>()

  constructor(responseId: string) {
    this.#responseId = responseId
  }

  /** `upstream`: empty where the upstream gave none. */
  next(upstream: string): string {
    const base = usableCallId(upstream === '' ? `${this.#responseId} ${this.#given.size}` : upstream)
    let id = base
    for (let copy = 2; this.#given.has(id); copy++) id = usableCallId(`${base}_${copy}`)
    this.#given.add(id)
    return id
  }
}
