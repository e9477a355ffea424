import { setTimeout as sleep } from 'node:timers/promises'
import { toGatewayError } from '../message/error.ts'
import { capabilities } from '../models/catalogue.ts'
import { afterFailure, hasRoom, mayFallBack, roomBeyond } from '../rules/retry.ts'
import type { ErrorKind, GatewayError } from '../message/error.ts'
import { attemptOnce } from './attempt-once.ts'
import type { CostContext } from './call-cost.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import { Itinerary } from './itinerary.ts'
import type { ItineraryOptions } from './itinerary.ts'
import { KeyRing } from './key-ring.ts'
import type { Plan, Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { withoutReasoning } from './refused-reasoning.ts'
import { clientGone } from './relay.ts'
import type { Send } from './send.ts'

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
  /** What a place needs to have more room than those where the conversation was too long. */
  let room = 0
  for (const target of itinerary.order) {
    if (room > 0 && !hasRoom(windowOf(target), room)) continue
    try {
      await attemptTarget(send, call, target, record, question)
      itinerary.served(target)
      return
    } catch (thrown) {
      const error = toGatewayError(thrown)
      first ??= error
      itinerary.failed(target, error)
      if (call.reply.committed || call.reply.closed) throw error
      if (error.kind === 'context_overflow') room = Math.max(room, roomBeyond(error, windowOf(target)))
      else if (!mayFallBack(error)) break
    }
  }
  record.target(plan[0])
  throw first!
}

/** In tokens; undefined: the catalogue does not say. */
function windowOf({ provider, model }: Target): number | undefined {
  const facts = capabilities(provider.id, model)
  return facts?.maxInputTokens ?? facts?.contextWindowTokens
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
    const error = await attemptOnce(send, { call, request, target, key, ring, last }, record, on)
    if (error === undefined) return ring.served(key)
    if (error === 'left-out') {
      key = ring.insteadOf(key) ?? key
      continue
    }
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
