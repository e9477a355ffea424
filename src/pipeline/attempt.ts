import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError, toGatewayError } from '../message/error.ts'
import { allows, chooseKey } from '../rules/key-choice.ts'
import { afterFailure, mayFallBack } from '../rules/retry.ts'
import type { ProviderKey } from '../stores/config/configuration.ts'
import type { ErrorKind } from '../message/error.ts'
import type { Held } from './call-cost.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import type { Plan, Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { withoutReasoning } from './refused-reasoning.ts'
import { clientGone } from './relay.ts'
import { isBound, reserve } from './reserve.ts'
import type { Intended } from './reserve.ts'
import type { Send } from './send.ts'

/**
 * Sends until an answer has gone to the client, or nothing is left to try: target by target, and at each of them key
 * by key. What a failure allows is `rules/retry.ts`. After the first byte to the client there is no other attempt:
 * two answers spliced together are worse than none. When all fail, the first target's failure is told: it is the one
 * that the client asked for.
 */
export async function attempt<Place extends Target>(
  send: Send<Place>,
  call: Call,
  request: InboundRequest,
  plan: Plan<Place>,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  let first: GatewayError | undefined
  for (const target of plan) {
    try {
      return await attemptTarget(send, call, request, target, record, on)
    } catch (thrown) {
      const error = toGatewayError(thrown)
      first ??= error
      if (call.reply.committed || call.reply.closed) throw error
      if (!mayFallBack(error)) break
    }
  }
  record.target(plan[0])
  throw first!
}

/** The upstream does not know the token that the key was let in with, or knows it no longer. */
const KEY_REFUSED: ReadonlySet<ErrorKind> = new Set(['upstream_unauthenticated', 'upstream_forbidden'])

/** One target, with each of its keys that the failures before allow, and without reasoning that it does not take. */
async function attemptTarget<Place extends Target>(
  send: Send<Place>,
  call: Call,
  request: InboundRequest,
  first: Place,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const { network } = first.provider
  let target = first
  let last: GatewayError | undefined
  let refused: GatewayError | undefined
  const tried = new Set<string>()
  let key = keyFor(target, request, tried, on)
  for (let attempts = 1; ;) {
    const intended = { call, request, target, key }
    const held = isBound(target) ? await heldFor(intended, record, on, last) : undefined
    const opened = record.attempt(target, key, held)
    try {
      await send(call, request, target, key, record, on)
      opened.ended(200)
      return
    } catch (thrown) {
      const error = toGatewayError(thrown)
      opened.ended(error.details.upstream?.status, error)
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
      tried.add(key.id)
      if (KEY_REFUSED.has(error.kind)) on.credentials.distrust(key)
      const other = error.verdict === 'tell' ? undefined : choose(target, request, tried, on)
      const answer = afterFailure({
        error,
        attempts,
        otherKeys: other !== undefined,
        maxRetries: network.maxRetries,
        backoffInitialMs: network.retryBackoffInitialMs,
        backoffMaxMs: network.retryBackoffMaxMs,
        random: on.random,
      })
      if (answer.type === 'stop') throw error
      if (answer.type === 'other-key') key = other!
      else await pause(call, answer.delayMs)
      attempts++
    }
  }
}

/** A repetition that the limits do not let through leaves the failure before it to be told. */
async function heldFor(
  intended: Intended,
  record: CallRecord,
  on: Dependencies,
  last: GatewayError | undefined,
): Promise<Held | undefined> {
  try {
    return await reserve(intended, record, on)
  } catch (refused) {
    throw last ?? refused
  }
}

/** The client's own login stands in for a provider key. */
const LOGIN_KEY: Omit<ProviderKey, 'reach'> = {
  id: 'login',
  name: 'client login',
  value: '',
  cloud: undefined,
  reference: undefined,
  models: undefined,
  blockedModels: new Set(),
  aliases: new Map(),
  weight: 1,
  enabled: true,
}

function keyFor(
  target: Target,
  request: InboundRequest,
  tried: ReadonlySet<string>,
  on: Dependencies,
): ProviderKey {
  const { loginToken, provider } = target
  if (loginToken !== undefined && provider.reach !== undefined) return { ...LOGIN_KEY, reach: provider.reach }
  const key = choose(target, request, tried, on)
  if (key !== undefined) return key
  const { id } = provider
  const listed = keysOf(target).filter(
    (candidate) => candidate.enabled && !allows(candidate, target.model, target.requested),
  ).length
  const reason = listed > 0 ? `its ${listed} enabled key(s) do not list this model` : 'it has no enabled key'
  throw new GatewayError(
    'no_key',
    `no keys found that support model: ${target.model} at provider ${id}: ${reason}.`,
    { field: 'model' },
  )
}

function choose(
  target: Target,
  request: InboundRequest,
  tried: ReadonlySet<string>,
  on: Dependencies,
): ProviderKey | undefined {
  if (target.loginToken !== undefined) return undefined
  return chooseKey(keysOf(target), {
    model: target.model,
    requested: target.requested,
    tried,
    sessionId: request.sessionId,
    random: on.random,
  })
}

/** Those that the virtual key or a rule lets the call use. */
function keysOf({ provider, keyIds }: Target): readonly ProviderKey[] {
  return keyIds === undefined ? provider.keys : provider.keys.filter(({ id }) => keyIds.has(id))
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
