import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError, toGatewayError } from '../message/error.ts'
import { afterFailure, mayFallBack } from '../rules/retry.ts'
import type { ErrorKind } from '../message/error.ts'
import type { CostContext, Held } from './call-cost.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import type { Lane, Trial } from './health.ts'
import { Itinerary } from './itinerary.ts'
import type { ItineraryOptions } from './itinerary.ts'
import { KeyRing } from './key-ring.ts'
import type { Plan, Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { withoutReasoning } from './refused-reasoning.ts'
import { clientGone } from './relay.ts'
import { isBound, reserve } from './reserve.ts'
import type { Intended } from './reserve.ts'
import type { Send } from './send.ts'
import type { Release } from './slots.ts'
import { takeSlots } from './take-slots.ts'

/**
 * Sends until an answer has gone to the client, or nothing is left to try: target by target, and at each of them key
 * by key. What a failure allows is `rules/retry.ts`. After the first byte to the client there is no other attempt:
 * two answers spliced together are worse than none. When all fail, the first failure is told: it is that of the place
 * that the client asked for, where that was not left out.
 */
export async function attempt<To extends Target>(
  send: Send<To>,
  call: Call,
  request: InboundRequest,
  plan: Plan<To>,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const question = questionOf(request, record.costContext, on)
  const itinerary = new Itinerary(plan, question)
  let first: GatewayError | undefined
  for (const target of itinerary.order) {
    try {
      await attemptTarget(send, call, target, record, question)
      itinerary.served(target)
      return
    } catch (thrown) {
      const error = toGatewayError(thrown)
      first ??= error
      itinerary.failed(target, error)
      if (call.reply.committed || call.reply.closed) throw error
      if (!mayFallBack(error)) break
    }
  }
  record.target(plan[0])
  throw first!
}

interface AttemptQuestion extends ItineraryOptions {
  readonly on: Dependencies
}

/** What the order of targets and keys depends on, for one call. */
export function questionOf<On extends ItineraryOptions['on']>(
  request: InboundRequest,
  { operation, virtualKeyId, configuration }: CostContext,
  on: On,
): ItineraryOptions & { readonly on: On } {
  const prefix = request.model.slice(0, Math.max(0, request.model.indexOf('/')))
  const namesProvider = configuration.providers.has(prefix.toLowerCase())
  // Only conversations have a prompt cache to come back to.
  const follows = request.session !== undefined && operation === 'generate'
  const session = follows ? { ...request.session, virtualKeyId } : undefined
  return { request, operation, session, namesProvider, on }
}

/** The upstream does not know the token that the key was let in with, or knows it no longer. */
const KEY_REFUSED: ReadonlySet<ErrorKind> = new Set(['upstream_unauthenticated', 'upstream_forbidden'])

/** One target, with each of its keys that the failures before allow, and without reasoning that it does not take. */
async function attemptTarget<To extends Target>(
  send: Send<To>,
  call: Call,
  first: To,
  record: CallRecord,
  question: AttemptQuestion,
): Promise<void> {
  const { request, on } = question
  const { network, id } = first.provider
  const { retries } = on.resilience
  const ring = new KeyRing(first, question)
  let target = first
  let last: GatewayError | undefined
  let refused: GatewayError | undefined
  let key = ring.first()
  retries.called(id)
  for (let attempts = 1; ;) {
    const error = await attemptOnce(send, { call, request, target, key }, ring.lane(key), record, on, last)
    if (error === undefined) return ring.served(key)
    last = error
    if (call.reply.committed || call.reply.closed) throw error
    const leaner = withoutReasoning(call, request, target, error)
    if (leaner !== undefined) {
      target = leaner
      refused = error
      continue
    }
    // Agents act on the words of the first refusal, and its places are those of their own request.
    if (refused !== undefined && error.verdict === 'tell') throw refused
    ring.failed(key, error)
    if (KEY_REFUSED.has(error.kind)) on.credentials.distrust(key)
    const other = error.verdict === 'tell' ? undefined : ring.next()
    const answer = afterFailure({
      error,
      attempts,
      otherKeys: other !== undefined,
      maxRetries: network.maxRetries,
      backoffInitialMs: network.retryBackoffInitialMs,
      backoffMaxMs: network.retryBackoffMaxMs,
      random: on.random,
      isSpent: retries.isSpent(id),
    })
    if (answer.type === 'stop') throw error
    if (answer.type === 'other-key') key = other!
    else await pause(call, answer.delayMs)
    retries.retried(id)
    attempts++
  }
}

/**
 * One attempt, with a slot and the leave to go there. Resolves with its failure. Rejects where it was not made: with
 * the failure of the one before it, where there was one.
 */
async function attemptOnce<To extends Target>(
  send: Send<To>,
  intended: Intended & { target: To },
  lane: Lane,
  record: CallRecord,
  on: Dependencies,
  last: GatewayError | undefined,
): Promise<GatewayError | undefined> {
  const release = await slotsFor(intended, on, last)
  try {
    const trial = on.resilience.health.begin(lane)
    if (trial === undefined) throw last ?? leftOut(intended.target, on.random)
    let error = await sendOnce(send, intended, trial, record, on, last)
    // No method but GET may be repeated blindly (RFC 9110 9.2.2), so this goes out once more and no oftener: agents would
    // repeat it themselves, and one that was begun after all costs its prompt twice.
    if (error?.details.isStale === true && !intended.call.reply.closed) {
      const stale = error
      // The budget counts it and does not refuse it: connections that idled together break together.
      on.resilience.retries.retried(intended.target.provider.id)
      error = await sendOnce(send, intended, trial, record, on, stale)
      // A provider that is down breaks kept connections, too.
      if (error !== undefined) trial.failed(stale)
    }
    if (error === undefined) trial.succeeded()
    else trial.failed(error)
    return error
  } finally {
    release()
  }
}

/** One request, and what it may cost held for it. Resolves with its failure; rejects where it was not made. */
async function sendOnce<To extends Target>(
  send: Send<To>,
  intended: Intended & { target: To },
  trial: Trial,
  record: CallRecord,
  on: Dependencies,
  last: GatewayError | undefined,
): Promise<GatewayError | undefined> {
  const { call, request, target, key } = intended
  const held = isBound(target) ? await heldFor(intended, trial, record, on, last) : undefined
  const opened = record.attempt(target, key, held, trial.isTry ? () => trial.answered() : undefined)
  try {
    await send(call, request, target, key, record, on)
    opened.ended(200)
    return undefined
  } catch (thrown) {
    const error = toGatewayError(thrown)
    opened.ended(error.details.upstream?.status, error)
    return error
  }
}

async function slotsFor(
  { call, target, key }: Intended,
  on: Dependencies,
  last: GatewayError | undefined,
): Promise<Release> {
  try {
    return await takeSlots(target.provider, key, call, on)
  } catch (refused) {
    throw call.reply.closed ? refused : (last ?? refused)
  }
}

/** Soon enough for whoever waits, and spread, so that those who were refused together do not come back together. */
const RETRY_SECONDS = [2, 6] as const

/** The outcome of a call that only leads to what is left out, while another call tries that. */
export function leftOut({ provider, model }: Target, random: () => number): GatewayError {
  const [least, most] = RETRY_SECONDS
  const retryAfterSeconds = least + Math.floor(random() * (most - least))
  const message = `${provider.id} has failed too often with ${model}, and another call is just trying it again. Come back in ${retryAfterSeconds} s.`
  return new GatewayError('upstream_unavailable', message, { retryAfterSeconds })
}

/** A repetition that the limits do not let through leaves the failure before it to be told. */
async function heldFor(
  intended: Intended,
  trial: Trial,
  record: CallRecord,
  on: Dependencies,
  last: GatewayError | undefined,
): Promise<Held | undefined> {
  try {
    return await reserve(intended, record, on)
  } catch (refused) {
    trial.failed(toGatewayError(refused))
    throw last ?? refused
  }
}

/** Waits before a repetition, unless the client leaves. */
async function pause(call: Call, delayMs: number): Promise<void> {
  const gone = new AbortController()
  call.reply.onGone(() => gone.abort())
  try {
    await sleep(delayMs, undefined, { signal: gone.signal })
  } catch {
    throw clientGone()
  }
}
