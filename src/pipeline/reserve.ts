import { GatewayError } from '../message/error.ts'
import { softWarning, worstCase } from '../rules/budgets.ts'
import { refusal } from '../rules/limits.ts'
import type { Block, Demand } from '../rules/limits.ts'
import type { ProviderKey } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import { pricesAt } from './call-cost.ts'
import type { CostContext, Held } from './call-cost.ts'
import type { Dependencies } from './dependencies.ts'
import { reads } from './named-place.ts'
import type { Target } from './plan.ts'
import { prospectOf } from './prospect.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'

/** An attempt that is about to be made. */
export interface Intended {
  readonly call: Call
  readonly request: InboundRequest
  readonly target: Target
  readonly key: ProviderKey
}

/**
 * Holds the most that the attempt may use, in every account that binds it, or in none. Undefined where none does.
 *
 * Rejects with `budget_exceeded`, `token_limited`, `request_limited` and `governance_limited`.
 */
export async function reserve(
  { call, request, target, key }: Intended,
  record: CallRecord,
  on: Dependencies,
): Promise<Held | undefined> {
  if (!isBound(target)) return undefined
  const demand = demandOf({ call, request, target, key }, record.costContext)
  const answer = on.ledger.reserve(call.id, target.limits, demand)
  const reserved = answer instanceof Promise ? await answer : answer
  if (reserved.outcome === 'reserved') {
    const budgetWarning = softWarning(target.limits.budgets, (budget) => on.ledger.balance(budget))
    return { reservation: reserved.reservation, demand, budgetWarning }
  }
  if (reserved.outcome === 'blocked') throw refused(reserved.blocks)
  throw new GatewayError('overloaded_gateway', UNAVAILABLE_MESSAGES[reserved.because], {
    retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS[reserved.because],
  })
}

export function isBound({ limits: { budgets, rateLimits } }: Target): boolean {
  return budgets.length > 0 || rateLimits.length > 0
}

const UNAVAILABLE_MESSAGES = {
  disk: 'What this call uses of its budgets cannot be remembered, because the disk takes nothing more.',
  authority:
    'What is left of the budgets of this call cannot be asked now, because their database does not answer.',
}
const UNAVAILABLE_RETRY_SECONDS = { disk: 10, authority: 2 }

/** The most that the attempt may use. */
export function demandOf({ call, request, target, key }: Intended, context: CostContext): Demand {
  if (FREE.has(call.operation) || reads(call)) return NOTHING
  return worstCase(prospectOf(call, request, target, context.operation), pricesAt(target, key, context))
}

/** Counting is free wherever it is offered, and so is reading what a provider keeps. */
const FREE: ReadonlySet<string> = new Set(['count-tokens'])
const NOTHING: Demand = { nanodollars: 0, tokens: 0 }

/**
 * Agents wait as long as they are told, and say nothing meanwhile: Codex, OpenCode and Gemini CLI for a day. Of a
 * longer wait they are told in words alone.
 */
const WAIT_MAX_SECONDS = 60

/** The blocks as a caller is told of them. */
export function refused(blocks: readonly Block[]): GatewayError {
  const { kind, status, message, retryAfterSeconds, isOfTarget } = refusal(blocks, Date.now())
  if (retryAfterSeconds !== undefined && retryAfterSeconds <= WAIT_MAX_SECONDS)
    return new GatewayError(kind, message, { status, isOfTarget, shouldRetry: true, retryAfterSeconds })
  return new GatewayError(kind, message, { status, isOfTarget, shouldRetry: false })
}
