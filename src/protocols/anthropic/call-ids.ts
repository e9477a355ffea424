import { DistinctIds } from '../shared/distinct-ids.ts'
import { portableCallId } from '../shared/identity.ts'

const USABLE = /^[a-zA-Z0-9_-]+$/

/** An id in characters that the API takes. */
export function usableCallId(id: string): string {
  return USABLE.test(id) ? id : portableCallId(id)
}

/**
 * Ids of one answer's tool calls as the API would take them back in the next request: it refuses other characters
 * and doubled ids. The same upstream ids give the same ids, so that a replayed conversation keeps its bytes.
 */
export class CallIds {
  readonly #responseId: string
  readonly #ids = new DistinctIds()

  constructor(responseId: string) {
    this.#responseId = portableCallId(responseId)
  }

  /** `upstream`: empty where the upstream gave none. */
  next(upstream: string): string {
    const { size } = this.#ids
    return this.#ids.next(upstream === '' ? `toolu_${this.#responseId}_${size}` : usableCallId(upstream))
  }
}
