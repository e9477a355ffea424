import { DistinctIds } from '../shared/distinct-ids.ts'
import { portableCallId, shortHash } from '../shared/identity.ts'

/** "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", and at most so many of them. */
const USABLE = /^[a-zA-Z0-9_-]{1,64}$/

/** An id as the API takes it; the same gives the same, so that calls and results still find each other. */
export function usableCallId(id: string): string {
  if (USABLE.test(id)) return id
  const portable = portableCallId(id)
  return USABLE.test(portable) ? portable : madeUp(id)
}

function madeUp(from: string): string {
  return `tooluse_${shortHash(from, 24)}`
}

/** Ids of one answer's calls, for a client: none twice, and none missing. */
export class CallIds {
  readonly #responseId: string
  readonly #ids = new DistinctIds((base, count) => usableCallId(`${base}_${count}`))

  constructor(responseId: string) {
    this.#responseId = responseId
  }

  /** `upstream`: empty where the upstream gave none. */
  next(upstream: string): string {
    const { size } = this.#ids
    return this.#ids.next(upstream === '' ? madeUp(`${this.#responseId} ${size}`) : usableCallId(upstream))
  }
}
