import { toGatewayError } from '../../message/error.ts'
import type { GatewayError } from '../../message/error.ts'

/** Something that lets requests in for a while. Times are milliseconds since 1970, or `Infinity`. */
export interface Fetched<Value> {
  readonly value: Value
  /** From then on it lets nothing in. */
  readonly expiresAtMs: number
  /** From then on another is fetched, beside the calls that still go in with this one. */
  readonly refreshAtMs: number
}

/** Token services give some minutes of notice: Google's metadata server hands out its old token until then. */
const REFRESH_EARLY_MS = 5 * 60_000
/** Tokens travel a while, and clocks differ. */
const EXPIRY_MARGIN_MS = 10_000
/** Between two attempts to renew what is still good. */
const RENEW_AGAIN_MS = 30_000
/** A refusal is not asked for again by each of a hundred calls. */
const REFUSAL_KEPT_MS = 5_000
/** What an upstream refused is fetched anew at most so often. */
const DISTRUST_AGAIN_MS = 30_000

/** A value that is good until a time; renewed five minutes before, or after half of a shorter life. */
export function goodUntil<Value>(value: Value, expiresAtMs: number, nowMs: number): Fetched<Value> {
  const early = Math.min(REFRESH_EARLY_MS, (expiresAtMs - nowMs) / 2)
  return { value, expiresAtMs: expiresAtMs - EXPIRY_MARGIN_MS, refreshAtMs: expiresAtMs - early }
}

interface Entry<Value> {
  fetched?: Fetched<Value>
  fetchedAtMs: number
  refreshAtMs: number
  pending?: Promise<Value>
  refused?: { error: GatewayError; untilMs: number }
}

/**
 * Credentials by identity: fetched once however many calls wait for them, renewed before they end, and the old ones
 * kept while they are good though the renewing fails.
 */
export class CredentialCache<Value> {
  readonly #now: () => number
  readonly #report: (error: GatewayError) => void
  readonly #entries = new Map<string, Entry<Value>>()

  /** `report` is told of renewing that failed; calls notice nothing of it yet. */
  constructor(now: () => number, report: (error: GatewayError) => void) {
    this.#now = now
    this.#report = report
  }

  /** The value at once where it is known. Throws and rejects with a {@link GatewayError}. */
  get(identity: string, load: () => Promise<Fetched<Value>>): Value | Promise<Value> {
    let entry = this.#entries.get(identity)
    if (entry === undefined) this.#entries.set(identity, (entry = { fetchedAtMs: 0, refreshAtMs: Infinity }))
    const now = this.#now()
    const { fetched, refused } = entry
    if (fetched !== undefined && now < fetched.expiresAtMs) {
      if (now >= entry.refreshAtMs) {
        entry.refreshAtMs = now + RENEW_AGAIN_MS
        this.#fresh(entry, load).catch(this.#report)
      }
      return fetched.value
    }
    if (refused !== undefined && now < refused.untilMs) throw refused.error
    return this.#fresh(entry, load)
  }

  /** An upstream refused it: the next call waits for another. */
  distrust(identity: string): void {
    const entry = this.#entries.get(identity)
    if (entry !== undefined && this.#now() >= entry.fetchedAtMs + DISTRUST_AGAIN_MS) delete entry.fetched
  }

  /** Forgets all others. */
  keepOnly(identities: ReadonlySet<string>): void {
    for (const identity of this.#entries.keys()) {
      if (!identities.has(identity)) this.#entries.delete(identity)
    }
  }

  #fresh(entry: Entry<Value>, load: () => Promise<Fetched<Value>>): Promise<Value> {
    entry.pending ??= this.#settle(entry, load).finally(() => delete entry.pending)
    return entry.pending
  }

  async #settle(entry: Entry<Value>, load: () => Promise<Fetched<Value>>): Promise<Value> {
    try {
      const fetched = await load()
      delete entry.refused
      Object.assign(entry, { fetched, fetchedAtMs: this.#now(), refreshAtMs: fetched.refreshAtMs })
      return fetched.value
    } catch (thrown) {
      const error = toGatewayError(thrown)
      if (error.kind === 'upstream_unauthenticated')
        entry.refused = { error, untilMs: this.#now() + REFUSAL_KEPT_MS }
      throw error
    }
  }
}
