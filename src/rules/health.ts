import type { ErrorDetails, ErrorKind, GatewayError } from '../message/error.ts'

/** What is known of something that has failed lately: a provider key, or one of its models. Times of one clock, in ms. */
export interface Trouble {
  /** Failures of the provider or the network without a success between. */
  readonly failures: number
  readonly lastFailureMs: number
  /** How often it was ejected without a success since. */
  readonly ejections: number
  /** It is left out until then, and after that only tried, until it succeeds; 0: it was not ejected. */
  readonly ejectedUntilMs: number
  /** Others are used instead of it until then. */
  readonly cooledUntilMs: number
}

/**
 * fit: used. cooled: not while there is another. ejected: not while there is another, and then one call at a time tries
 * it. probation: its time is over, one call at a time tries it before the others may.
 */
export type Standing = 'fit' | 'cooled' | 'ejected' | 'probation'

/**
 * How gladly something is chosen, the best first: full has no slot free, untried is ejected and may be tried, barred is
 * being tried.
 */
export const RANKS = ['usable', 'full', 'cooled', 'untried', 'barred'] as const
export type Rank = (typeof RANKS)[number]

/** `isTried`: a call is trying it just now. */
export function rankOf(stands: Standing, isTried: boolean): Rank {
  if (stands === 'fit') return 'usable'
  if (stands === 'cooled') return 'cooled'
  if (isTried) return 'barred'
  return stands === 'probation' ? 'usable' : 'untried'
}

/** Failures in a row that eject. */
export const EJECT_AFTER = 5
/** The first ejection takes this long, the second twice as long, and so on. */
export const EJECT_STEP_MS = 30_000
export const EJECT_MAX_MS = 300_000
/** Keys that their provider refuses stay refused until somebody acts; whoever has paid his bill waits this long. */
export const KEY_COOL_MS = 60_000
/** For a limit that does not say when it ends; those of providers are by the minute or by the second. */
export const LIMIT_COOL_MS = 10_000
/** Limits by the day say that they end tomorrow; they may be raised before. */
export const LIMIT_COOL_MAX_MS = 300_000
/** What did not fail for this long is not in a row with what came before. Longer than anything is left out. */
export const FORGET_AFTER_MS = 600_000

/** What a failure is laid to. */
export type Blame = 'nobody' | 'lane' | 'lane-limit' | 'key'

/**
 * A model that a key may not use is no fault of the key's: whoever knows a virtual key could take the key from all by
 * asking for one.
 */
const KEY_KINDS: ReadonlySet<ErrorKind> = new Set(['upstream_unauthenticated', 'upstream_billing'])
const LIMIT_KINDS: ReadonlySet<ErrorKind> = new Set(['rate_limited', 'upstream_forbidden'])

/**
 * Who is to blame for a failure: the key, its use for one model (the lane), for a while or as a sign that it is down, or
 * nobody here: requests that are wrong, clients that leave and limits of the gateway's own say nothing of a provider.
 */
export function blame({ kind, verdict }: GatewayError): Blame {
  if (KEY_KINDS.has(kind)) return 'key'
  if (LIMIT_KINDS.has(kind)) return 'lane-limit'
  // Two requests that met are no sign of a fault, though the second try of one helps.
  return verdict === 'retry' && kind !== 'conflict' ? 'lane' : 'nobody'
}

/** How something stands. Pure, as all of this. */
export function standing(trouble: Trouble, nowMs: number): Standing {
  if (trouble.ejectedUntilMs > 0) return nowMs < trouble.ejectedUntilMs ? 'ejected' : 'probation'
  return nowMs < trouble.cooledUntilMs ? 'cooled' : 'fit'
}

/** How long something is left out yet; 0: it is not, or may be tried again. */
export function leftOutMs({ ejectedUntilMs, cooledUntilMs }: Trouble, nowMs: number): number {
  return Math.max(0, (ejectedUntilMs > 0 ? ejectedUntilMs : cooledUntilMs) - nowMs)
}

const NO_TROUBLE: Trouble = {
  failures: 0,
  lastFailureMs: 0,
  ejections: 0,
  ejectedUntilMs: 0,
  cooledUntilMs: 0,
}

/**
 * After a failure that is the lane's own. What fails while it is left out was on its way before, or is a try. When the
 * provider says how long it takes, others are used meanwhile.
 */
export function afterFault(before: Trouble | undefined, { details }: GatewayError, nowMs: number): Trouble {
  const known = before !== undefined && nowMs - before.lastFailureMs < FORGET_AFTER_MS ? before : NO_TROUBLE
  const failures = known.failures + 1
  const cooledUntilMs = Math.max(known.cooledUntilMs, nowMs + askedMs(details))
  const now = { ...known, failures, lastFailureMs: nowMs, cooledUntilMs }
  if (failures < EJECT_AFTER || standing(known, nowMs) === 'ejected') return now
  const ejections = known.ejections + 1
  return { ...now, ejections, ejectedUntilMs: nowMs + Math.min(ejections * EJECT_STEP_MS, EJECT_MAX_MS) }
}

/** How long the provider says that it takes, as far as that is believed; 0: it says nothing. */
function askedMs({ retryAfterSeconds = 0 }: ErrorDetails): number {
  return Math.min(Math.max(0, retryAfterSeconds) * 1000, LIMIT_COOL_MAX_MS)
}

/** After a refusal that holds for a while. */
export function afterRefusal(
  before: Trouble | undefined,
  { details }: GatewayError,
  of: 'key' | 'lane-limit',
  nowMs: number,
): Trouble {
  const coolMs = of === 'key' ? KEY_COOL_MS : askedMs(details) || LIMIT_COOL_MS
  const known = before ?? NO_TROUBLE
  return { ...known, lastFailureMs: nowMs, cooledUntilMs: Math.max(known.cooledUntilMs, nowMs + coolMs) }
}

/** After the first words of an answer to a try: others may follow it, and the next failure ejects again what was. */
export function afterFirstWords(before: Trouble): Trouble {
  const failures = before.ejectedUntilMs > 0 ? EJECT_AFTER - 1 : before.failures
  return { ...before, failures, ejectedUntilMs: 0, cooledUntilMs: 0 }
}

/**
 * After a success; undefined: all is well again. One that was on its way before something was left out does not prove
 * that it is back; `isTry`: it began since.
 */
export function afterSuccess(before: Trouble, isTry: boolean, nowMs: number): Trouble | undefined {
  const stands = standing(before, nowMs)
  return isTry || stands === 'fit' ? undefined : { ...before, failures: 0 }
}
