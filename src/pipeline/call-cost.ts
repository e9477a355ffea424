import { emptyUsage, totalInputTokens } from '../message/usage.ts'
import type { Usage } from '../message/usage.ts'
import type { PriceQuestion, RequestType } from '../models/price-book.ts'
import type { Prices } from '../models/prices.ts'
import type { Operation } from '../protocols/endpoint.ts'
import type { Tapped } from '../protocols/stream.ts'
import { chargeFor } from '../rules/budgets.ts'
import { cost as priceOf } from '../rules/cost.ts'
import type { Demand } from '../rules/limits.ts'
import type { Configuration, ProviderKey } from '../stores/config/configuration.ts'
import type { Amounts, Reservation } from '../stores/ledger/port.ts'
import type { AttemptRow, CallCost } from '../stores/logs/port.ts'
import type { Target } from './plan.ts'

/** What is read of an answer while it passes, and whether it was whole. */
export type Meter = Tapped & { readonly complete: boolean }

/** What is held for an attempt of the budgets and rate limits that bind it. */
export interface Held {
  readonly reservation: Reservation
  readonly demand: Demand
  /** For the client, where a budget has reached its soft limit. */
  readonly budgetWarning: string | undefined
}

/** An attempt as its bill needs it. */
export interface MeteredAttempt {
  readonly row: AttemptRow
  readonly target: Target
  readonly key: ProviderKey
  /** What is held for it of budgets and rate limits; undefined: none binds it. */
  readonly held?: Held | undefined
  /** Where its usage is read from; undefined: no answer came. */
  meter: Meter | undefined
  /** Why nobody can know what its answer costs; undefined: it can be known, or it has no answer. */
  unpriced?: string
  /** Set once: what was charged for it does not change any more. */
  bill?: Bill
}

/** What an attempt cost. */
interface Bill {
  /** Undefined: nothing of it is billed. */
  readonly usage: Usage | undefined
  readonly cost: CallCost
}

/** What all attempts share. */
export interface CostContext {
  readonly configuration: Configuration
  readonly operation: Operation
  readonly virtualKeyId: string | undefined
}

export function fullUsage(usage: Partial<Usage>): Usage {
  return Object.assign(emptyUsage(), usage)
}

/** Did the upstream say anything that is billed? */
export function isUsed(usage: Partial<Usage> | undefined): boolean {
  if (usage === undefined) return false
  for (const name in usage) {
    const value = usage[name as keyof Usage]
    if (typeof value === 'number' && value > 0) return true
  }
  return (usage.beside?.length ?? 0) > 0
}

/**
 * What a call cost: each attempt of which the upstream reported usage, because a provider bills what it did also when
 * the answer failed later. The rows of attempts before the last are completed with their part.
 */
export function callCost(
  attempts: readonly MeteredAttempt[],
  usage: Usage | undefined,
  context: CostContext,
): CallCost {
  const last = attempts.at(-1)
  let total: CallCost | undefined
  for (const attempt of attempts) {
    const { cost, usage: own } = billFor(attempt, attempt === last ? usage : reportedUsage(attempt), context)
    if (attempt !== last && own !== undefined) {
      attempt.row.usage = own
      attempt.row.costNanodollars = cost.nanodollars
    }
    total = total === undefined ? cost : sum(total, cost)
  }
  return total ?? { nanodollars: 0 }
}

/** As the upstream told it; undefined: it told of none. */
export function reportedUsage({ meter }: MeteredAttempt): Usage | undefined {
  return meter && fullUsage(meter.usage)
}

/**
 * Makes the bill of an attempt that is over, and charges it to what was held for it: the row of a call and the ledger
 * have the same amount.
 */
export function billFor(attempt: MeteredAttempt, usage: Usage | undefined, context: CostContext): Bill {
  if (attempt.bill !== undefined) return attempt.bill
  const { held, row, meter, unpriced } = attempt
  const isAnswered = row.error === undefined || meter?.complete === true || unpriced !== undefined
  const used = usage !== undefined && isUsed(usage) ? usage : undefined
  const known = used === undefined ? costWithoutUsage(attempt, context) : attemptCost(attempt, used, context)
  const cost = held === undefined ? known : charged(known, held)
  if (used !== undefined || isAnswered) held?.reservation.settle(amountsOf(used, cost, attempt, held))
  else held?.reservation.release()
  return (attempt.bill = { usage: used, cost })
}

/** In the row as in the ledger: the most that it may have been, where what it was cannot be said. */
function charged(cost: CallCost, { demand }: Held): CallCost {
  const { nanodollars, source } = chargeFor(cost.nanodollars, demand)
  if (source === 'cost') return { ...cost, ...beyond(nanodollars!, demand) }
  if (source !== 'worst-case') return cost
  return { nanodollars, reason: `${cost.reason}; charged is the most that it may have been` }
}

function beyond(nanodollars: number, { nanodollars: most }: Demand): { beyondHeld?: number } {
  return typeof most === 'number' && nanodollars > most ? { beyondHeld: nanodollars - most } : {}
}

function amountsOf(
  usage: Usage | undefined,
  { nanodollars }: CallCost,
  { meter, unpriced }: MeteredAttempt,
  { demand }: Held,
): Amounts {
  if (usage !== undefined)
    return { nanodollars, tokens: totalInputTokens(usage) + usage.outputTokens, requests: 1 }
  // An answer of which nobody said what it used; without a meter it uses no tokens.
  const usesTokens = meter !== undefined || unpriced !== undefined
  const tokens = usesTokens && typeof demand.tokens === 'number' ? demand.tokens : 0
  return { nanodollars, tokens, requests: 1 }
}

/**
 * Notes what is charged if the gateway dies now: the tokens that the client has got, and those of the bytes that it gets
 * until this is called again. Providers bill an answer that nobody reads to its end.
 */
export function oweFor(
  attempt: MeteredAttempt,
  tokens: { inputTokens: number; outputTokens: number },
  context: CostContext,
): void {
  const { held, meter } = attempt
  if (held === undefined) return
  const reported = fullUsage(meter?.usage ?? {})
  const inputTokens = totalInputTokens(reported) > 0 ? reported.inputTokens : tokens.inputTokens
  const usage: Usage = { ...reported, inputTokens, outputTokens: tokens.outputTokens }
  const { nanodollars } = attemptCost(attempt, usage, context)
  const known = chargeFor(nanodollars, held.demand).nanodollars
  held.reservation.owe({
    nanodollars: known,
    tokens: totalInputTokens(usage) + usage.outputTokens,
    requests: 1,
  })
}

/** Nothing, unless an answer came whole, or one of which nothing can be known. */
function costWithoutUsage(attempt: MeteredAttempt, context: CostContext): CallCost {
  if (attempt.unpriced !== undefined) return { nanodollars: null, reason: attempt.unpriced }
  return attempt.meter?.complete === true ? unmetered(attempt, context) : { nanodollars: 0 }
}

/** An answer came whole, and nobody said what it used: only a fee for each request can be known. */
function unmetered(attempt: MeteredAttempt, context: CostContext): CallCost {
  const billed = attemptCost(attempt, emptyUsage(), context)
  if (billed.nanodollars !== 0) return billed
  const { provider, model } = attempt.target
  return { nanodollars: null, reason: `${provider.id}/${model}: its usage is not known` }
}

/** The later one says of which prices and parts; one that is not known makes the sum unknown. */
function sum(before: CallCost, { nanodollars, ...later }: CallCost): CallCost {
  if (before.nanodollars === null) return before
  if (nanodollars === null) return { nanodollars, ...later }
  const beyondHeld = (before.beyondHeld ?? 0) + (later.beyondHeld ?? 0)
  return {
    nanodollars: before.nanodollars + nanodollars,
    ...later,
    ...(beyondHeld > 0 && { beyondHeld }),
  }
}

/** What an attempt costs that uses so much. */
export function attemptCost(
  { target, key, meter }: Pick<MeteredAttempt, 'target' | 'key' | 'meter'>,
  usage: Usage,
  context: CostContext,
): CallCost {
  const { prices } = context.configuration
  const question = questionOf(target, key, context, meter?.model)
  const found = prices.find(question)
  const { nanodollars, reason, parts } = priceOf(usage, (model) =>
    model === undefined
      ? found?.prices
      : prices.find({ ...question, reported: undefined, requested: undefined, model })?.prices,
  )
  if (reason !== undefined)
    return { nanodollars: null, reason: `${target.provider.id}/${target.model}: ${reason}` }
  if (found === undefined) return { nanodollars, parts }
  return { nanodollars, parts, price: found.model, source: found.source }
}

/** What an attempt there is billed by, before anybody has answered it. */
export function pricesAt(target: Target, key: ProviderKey, context: CostContext): Prices | undefined {
  return context.configuration.prices.find(questionOf(target, key, context))?.prices
}

/** `reported`: the model that the provider says that it answered with. */
function questionOf(
  { provider, model, requested }: Target,
  key: ProviderKey,
  { operation, virtualKeyId }: CostContext,
  reported?: string,
): PriceQuestion {
  return {
    provider: provider.id,
    model,
    reported,
    providerKeyId: key.id,
    virtualKeyId,
    requestType: requestTypeOf(operation),
    requested,
    region: key.cloud?.kind === 'vertex' ? key.cloud.region : undefined,
  }
}

const REQUEST_TYPES: Readonly<Record<string, RequestType>> = {
  embeddings: 'embedding',
  rerank: 'rerank',
  speech: 'speech',
  transcription: 'transcription',
  'image-generation': 'image',
  'image-edit': 'image',
  'image-variation': 'image',
  videos: 'video',
}

function requestTypeOf(operation: string): RequestType {
  return Object.hasOwn(REQUEST_TYPES, operation) ? REQUEST_TYPES[operation]! : 'text'
}
