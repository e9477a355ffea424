import { lengthMs, parseDuration } from './windows.ts'

/** The conversation that a call belongs to, as far as it goes where the ones before it went. */
export interface Session {
  readonly id: string
  /** How long it is remembered where the session was served, from the last time on. */
  readonly ttlMs: number
}

/** Prompt caches of providers live from five minutes to an hour. */
export const TTL_MS = 3_600_000
/** Longer than any cache: what is remembered is bounded in number, too, and old sessions would push out young ones. */
const TTL_MAX_MS = 24 * 3_600_000
const OFF = new Set(['off', 'false', '0'])

/**
 * The session of a call, with what its headers (names in lower case) say: `x-bf-session-affinity: off` makes it one
 * without, `x-bf-session-ttl` is a duration such as `30m`, or seconds. What is neither changes nothing.
 */
export function sessionOf(
  id: string | undefined,
  headers: Readonly<Record<string, string | undefined>>,
): Session | undefined {
  if (id === undefined || OFF.has((headers['x-bf-session-affinity'] ?? '').trim().toLowerCase()))
    return undefined
  return { id, ttlMs: Math.min(ttlOf(headers['x-bf-session-ttl']?.trim()) ?? TTL_MS, TTL_MAX_MS) }
}

function ttlOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written) * 1000
  const duration = parseDuration(written)
  return duration === undefined ? undefined : lengthMs(duration)
}

/**
 * The places of a plan in the order in which they are tried: where the session was served before comes first, what is
 * down comes last. Nothing is added, and nothing left out. Pure.
 */
export function inTryingOrder<Place>(
  plan: readonly Place[],
  isBound: ((place: Place) => boolean) | undefined,
  isUsable: (place: Place) => boolean,
): readonly Place[] {
  const bound = isBound && plan.find(isBound)
  const usable: Place[] = []
  const down: Place[] = []
  for (const place of bound === undefined ? plan : [bound, ...plan.filter((one) => one !== bound)])
    (isUsable(place) ? usable : down).push(place)
  return [...usable, ...down]
}
