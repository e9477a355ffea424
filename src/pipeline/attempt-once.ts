import { GatewayError, toGatewayError } from '../message/error.ts'
import type { Held } from './call-cost.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import type { Trial } from './health.ts'
import type { KeyRing } from './key-ring.ts'
import type { Target } from './plan.ts'
import type { CallRecord } from './record.ts'
import { isBound, reserve } from './reserve.ts'
import type { Intended } from './reserve.ts'
import type { Send } from './send.ts'
import type { Release } from './slots.ts'
import { isLimited, takeSlots } from './take-slots.ts'

/** An attempt that is about to be made at a target, with one of its keys. */
interface Next<To extends Target> extends Intended {
  readonly target: To
  readonly ring: KeyRing
  /** The failure of the attempt before it. */
  readonly last: GatewayError | undefined
}

/**
 * One attempt, with a slot and the leave to go there. Resolves with its failure; left-out: the key was left out while
 * the call waited for its turn, and there is another. Rejects where it was not made: with the failure of the one before
 * it, where there was one.
 */
export function attemptOnce<To extends Target>(
  send: Send<To>,
  next: Next<To>,
  record: CallRecord,
  on: Dependencies,
): Promise<GatewayError | 'left-out' | undefined> {
  const attemptNow = isLimited(next.target.provider, next.key) ? attemptInTurn : sendTwiceAtMost
  return attemptNow(send, next, record, on)
}

async function attemptInTurn<To extends Target>(
  send: Send<To>,
  next: Next<To>,
  record: CallRecord,
  on: Dependencies,
): Promise<GatewayError | 'left-out' | undefined> {
  const release = await slotsFor(next, on)
  try {
    if (next.ring.isOutdone(next.key)) return 'left-out'
    return await sendTwiceAtMost(send, next, record, on)
  } finally {
    release()
  }
}

/**
 * One request, and another where a kept connection broke under it. No method but GET may be repeated blindly
 * (RFC 9110 9.2.2), hence once: agents would repeat it themselves, and one that was begun after all costs its prompt
 * twice. What it may cost is held for it. Resolves with its failure; rejects where it was not made.
 */
async function sendTwiceAtMost<To extends Target>(
  send: Send<To>,
  { call, request, target, key, ring, last }: Next<To>,
  record: CallRecord,
  on: Dependencies,
): Promise<GatewayError | undefined> {
  const trial = on.resilience.health.begin(ring.lane(key))
  if (trial === undefined) throw last ?? leftOut(target, on.random)
  let broken: GatewayError | undefined
  for (;;) {
    const held = isBound(target)
      ? await heldFor({ call, request, target, key }, broken ?? last, trial, record, on)
      : undefined
    const opened = record.attempt(target, key, held, trial.isTry ? () => trial.answered() : undefined)
    let error: GatewayError | undefined
    try {
      await send(call, request, target, key, record, on)
      opened.ended(200)
    } catch (thrown) {
      error = toGatewayError(thrown)
      opened.ended(error.details.upstream?.status, error)
    }
    if (error === undefined) {
      trial.succeeded()
      return undefined
    }
    if (broken === undefined && isBroken(error, call)) {
      broken = error
      // The budget counts it and does not refuse it: connections that idled together break together.
      on.resilience.retries.retried(target.provider.id)
      continue
    }
    // A provider that is down breaks kept connections, too.
    if (broken !== undefined) trial.failed(broken)
    trial.failed(error)
    return error
  }
}

function isBroken({ details }: GatewayError, { reply }: Call): boolean {
  return details.isStale === true && !reply.committed && !reply.closed
}

async function slotsFor({ call, target, key, last }: Next<Target>, on: Dependencies): Promise<Release> {
  try {
    return await takeSlots(target.provider, key, call, on)
  } catch (refused) {
    throw call.reply.closed ? refused : (last ?? refused)
  }
}

/** A repetition that the limits do not let through leaves the failure before it to be told. */
async function heldFor(
  intended: Intended,
  last: GatewayError | undefined,
  trial: Trial,
  record: CallRecord,
  on: Dependencies,
): Promise<Held | undefined> {
  try {
    return await reserve(intended, record, on)
  } catch (refused) {
    trial.failed(toGatewayError(refused))
    throw last ?? refused
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
