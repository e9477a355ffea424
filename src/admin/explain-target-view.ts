import type { GatewayError } from '../message/error.ts'
import type { ExplainedCost } from '../pipeline/explain/cost.ts'
import type { ExplainedAccount, ExplainedSlots, ExplainedTarget } from '../pipeline/explain/target.ts'
import type { ExplainedKey } from '../pipeline/explain/keys.ts'
import { limitOf, unitOf } from '../rules/limits.ts'
import type { Demand } from '../rules/limits.ts'
import { moment } from './limit-views.ts'

export type TargetView = ReturnType<typeof targetView>

const NANO_PER_DOLLAR = 1e9

/** A target of a plan as JSON; money in dollars. */
export function targetView(explained: ExplainedTarget) {
  const { target, keys, key, body, demand, accounts, slots, budgetWarning, cost, refusal } = explained
  return {
    provider: target.provider.id,
    model: target.model,
    reason: target.reason,
    mode: target.mode,
    protocol: target.surface.protocol.id,
    body: body === undefined ? null : bodyView(body),
    key: key === undefined ? null : { id: key.id, name: key.name },
    uses_own_login: target.loginToken !== undefined,
    keys: keys.map(keyView),
    reservation: demand === undefined ? null : demandView(demand),
    limits: accounts.map(accountView),
    slots: slots.map(slotsView),
    budget_warning: budgetWarning ?? null,
    cost: cost === undefined ? null : costView(cost),
    refusal: refusal === undefined ? null : { status: refusal.status, ...errorView(refusal) },
  }
}

export function errorView({ kind, message }: GatewayError) {
  return { type: kind, message }
}

function bodyView({ bytes, isUntouched, changes, dropped }: NonNullable<ExplainedTarget['body']>) {
  return { bytes, untouched: isUntouched, changes, dropped }
}

function keyView({ key, share, why, rank, leftOutMs, affinity }: ExplainedKey) {
  return {
    id: key.id,
    name: key.name,
    weight: key.weight,
    share,
    left_out: why ?? null,
    health: rank ?? null,
    left_out_until: leftOutMs > 0 ? moment(Date.now() + leftOutMs) : null,
    affinity: affinity ?? null,
  }
}

function slotsView({ name, queue, inFlight, waiting }: ExplainedSlots) {
  return {
    of: name,
    concurrency: queue.concurrency,
    in_flight: inFlight,
    waiting,
    buffer_size: queue.waiting,
  }
}

function demandView({ nanodollars, tokens }: Demand) {
  return { dollars: typeof nanodollars === 'number' ? nanodollars / NANO_PER_DOLLAR : nanodollars, tokens }
}

function accountView({ account, balance, hold, blocks }: ExplainedAccount) {
  const { id, owner, period } = account
  const unit = unitOf(account)
  const amount = (value: number) => (unit === 'nanodollars' ? value / NANO_PER_DOLLAR : value)
  const limit = limitOf(account)
  return {
    id,
    unit: unit === 'nanodollars' ? ('dollars' as const) : unit,
    owner,
    limit: amount(limit),
    used: amount(balance.used),
    reserved: amount(balance.reserved),
    remaining: amount(Math.max(0, limit - balance.used - balance.reserved)),
    period: period.text,
    resets_at: moment(balance.endMs),
    would_hold: hold === undefined ? null : amount(hold),
    blocks,
  }
}

function costView({ inputTokens, answers }: ExplainedCost) {
  return {
    input_tokens: inputTokens,
    answers: answers.map(({ outputTokens, cost }) => ({
      output_tokens: outputTokens,
      dollars: cost.nanodollars === null ? null : cost.nanodollars / NANO_PER_DOLLAR,
      reason: cost.reason ?? null,
      price: cost.price ?? null,
      source: cost.source ?? null,
    })),
  }
}
