import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError, toGatewayError } from '../message/error.ts'
import { allows, chooseKey } from '../rules/key-choice.ts'
import { afterFailure } from '../rules/retry.ts'
import type { ProviderKey } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import type { Plan } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { clientGone } from './relay.ts'
import type { Send } from './send.ts'

/**
 * Sends until an answer has gone to the client, or nothing is left to try. What differs between attempts is the
 * provider key; what the failure allows is `rules/retry.ts`. After the first byte to the client there is no
 * other attempt: two answers spliced together are worse than none.
 */
export async function attempt(
  send: Send,
  call: Call,
  request: InboundRequest,
  plan: Plan,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const { network } = plan.provider
  const tried = new Set<string>()
  let key = keyFor(plan, request, tried, on)
  for (let attempts = 1; ; attempts++) {
    const opened = record.attempt(plan, key)
    try {
      await send(call, request, plan, key, record, on)
      opened.ended(200)
      return
    } catch (thrown) {
      const error = toGatewayError(thrown)
      opened.ended(error.details.upstream?.status, error)
      if (call.reply.committed || call.reply.closed) throw error
      tried.add(key.id)
      const other = error.verdict === 'tell' ? undefined : choose(plan, request, tried, on)
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
    }
  }
}

/** The client's own login stands in for a provider key. */
const LOGIN_KEY: ProviderKey = {
  id: 'login',
  name: 'client login',
  value: '',
  reference: undefined,
  models: undefined,
  blockedModels: new Set(),
  aliases: new Map(),
  weight: 1,
  enabled: true,
}

function keyFor(
  plan: Plan,
  request: InboundRequest,
  tried: ReadonlySet<string>,
  on: Dependencies,
): ProviderKey {
  if (plan.loginToken !== undefined) return LOGIN_KEY
  const key = choose(plan, request, tried, on)
  if (key !== undefined) return key
  const { id, keys } = plan.provider
  const listed = keys.filter(
    (candidate) => candidate.enabled && !allows(candidate, plan.model, request.model),
  ).length
  const reason = listed > 0 ? `its ${listed} enabled key(s) do not list this model` : 'it has no enabled key'
  throw new GatewayError(
    'no_key',
    `no keys found that support model: ${plan.model} at provider ${id}: ${reason}.`,
    { field: 'model' },
  )
}

function choose(
  plan: Plan,
  request: InboundRequest,
  tried: ReadonlySet<string>,
  on: Dependencies,
): ProviderKey | undefined {
  if (plan.loginToken !== undefined) return undefined
  const { sessionId, model: requested } = request
  return chooseKey(plan.provider.keys, { model: plan.model, requested, tried, sessionId, random: on.random })
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
