import type { GatewayError } from '../message/error.ts'

/**
 * May the call go on to another target? Not when the request itself is at fault: there it would fail as well, and
 * each failure is billed and logged. A target without a key for the model, or with a limit that is used up, is no fault
 * of the request.
 */
export function mayFallBack(error: GatewayError): boolean {
  return error.verdict !== 'tell' || error.kind === 'no_key' || error.details.isOfTarget === true
}

/**
 * How large a context window has to be, in tokens, for a conversation that overflowed another of `windowTokens`: larger
 * than that, and than the conversation, where that is known. What the provider says counts more than the catalogue,
 * because accounts differ. Infinity: nothing is known, so no place is known to have more room.
 */
export function roomBeyond({ details }: GatewayError, windowTokens: number | undefined): number {
  const { limit = windowTokens, inputTokens } = details.overflow ?? {}
  const least = Math.max(limit === undefined ? 0 : limit + 1, inputTokens ?? 0)
  return least > 0 ? least : Infinity
}

/** Does the conversation fit there? Where the window is not known it is not tried: an agent compacts when it is told. */
export function hasRoom(windowTokens: number | undefined, room: number): boolean {
  return windowTokens !== undefined && windowTokens >= room
}

/**
 * Extra attempts at a provider, for its calls of the last while, besides those that a lone caller's luck needs. A client
 * repeats by itself, too (Claude Code up to ten times), and both together are what keeps an overloaded provider down.
 */
export const RETRY_SHARE = 0.2
export const RETRIES_FREE = 10
export const RETRY_WINDOW_MS = 30_000

/** May a provider that got so many calls and so many further attempts get another? */
export function withinBudget(calls: number, retries: number): boolean {
  return retries + 1 <= RETRIES_FREE + RETRY_SHARE * calls
}

export interface RetryQuestion {
  error: GatewayError
  /** Attempts made for this target so far, the failed one included. */
  attempts: number
  /** The provider has another key for the model that was not tried. */
  otherKeys: boolean
  maxRetries: number
  backoffInitialMs: number
  backoffMaxMs: number
  /** Uniform in [0, 1). */
  random: () => number
  /** The provider had as many further attempts as it may: see {@link withinBudget}. */
  isSpent?: boolean
}

export type RetryAnswer = { type: 'stop' } | { type: 'other-key' } | { type: 'again'; delayMs: number }

/** No upstream may make a client wait longer than this inside the gateway; the client's own retry follows. */
export const RETRY_AFTER_MAX_MS = 10_000

/**
 * What a failure before the first byte leads to. The request's own faults are told at once. A fault of the key
 * goes to another key without waiting; a fault of the provider too where there is one, else it is repeated
 * after a back-off with jitter, `maxRetries` times, never sooner than the upstream asked. Pure.
 */
export function afterFailure(question: RetryQuestion): RetryAnswer {
  const { error, attempts } = question
  if (error.verdict === 'tell' || error.details.shouldRetry === false) return { type: 'stop' }
  if (question.isSpent === true) return { type: 'stop' }
  if (question.otherKeys) return { type: 'other-key' }
  if (error.verdict !== 'retry' || attempts > question.maxRetries) return { type: 'stop' }
  const backoff = Math.min(question.backoffInitialMs * 2 ** (attempts - 1), question.backoffMaxMs)
  const jittered = backoff * (0.8 + 0.4 * question.random())
  const asked = (error.details.retryAfterSeconds ?? 0) * 1000
  if (asked > RETRY_AFTER_MAX_MS) return { type: 'stop' }
  return { type: 'again', delayMs: Math.min(Math.max(jittered, asked), RETRY_AFTER_MAX_MS) }
}
