import { emptyUsage } from '../message/usage.ts'
import type { Usage } from '../message/usage.ts'
import type { RequestType } from '../models/price-book.ts'
import type { Tapped } from '../protocols/protocol.ts'
import { cost } from '../rules/cost.ts'
import type { Configuration, ProviderKey } from '../stores/config/configuration.ts'
import type { AttemptRow, CallCost } from '../stores/logs/port.ts'
import type { Target } from './plan.ts'

/** What is read of an answer while it passes, and whether it was whole. */
export type Meter = Tapped & { readonly complete: boolean }

/** An attempt as its bill needs it. */
export interface MeteredAttempt {
  readonly row: AttemptRow
  readonly target: Target
  readonly key: ProviderKey
  /** Where its usage is read from; undefined: no answer came. */
  meter: Meter | undefined
}

/** What all attempts share. */
export interface CostContext {
  readonly configuration: Configuration
  readonly operation: string
  readonly requested: string | undefined
  readonly virtualKeyId: string | undefined
}

export function fullUsage(usage: Partial<Usage>): Usage {
  return { ...emptyUsage(), ...usage }
}

/** Did the upstream say anything that is billed? */
export function isUsed(usage: Partial<Usage> | undefined): boolean {
  if (usage === undefined) return false
  return (
    Object.values(usage).some((value) => typeof value === 'number' && value > 0) ||
    (usage.beside?.length ?? 0) > 0
  )
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
  let total: CallCost = { nanodollars: 0 }
  for (const attempt of attempts) {
    const own = attempt === last ? usage : attempt.meter && fullUsage(attempt.meter.usage)
    if (own === undefined || !isUsed(own)) {
      if (attempt === last && attempt.meter?.complete === true)
        total = sum(total, unmetered(attempt, context))
      continue
    }
    const billed = attemptCost(attempt, own, context)
    if (attempt !== last) {
      attempt.row.usage = own
      attempt.row.costNanodollars = billed.nanodollars
    }
    total = sum(total, billed)
  }
  return total
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
  return { nanodollars: before.nanodollars + nanodollars, ...later }
}

function attemptCost(
  { target, key, meter }: MeteredAttempt,
  usage: Usage,
  { configuration, operation, requested, virtualKeyId }: CostContext,
): CallCost {
  const provider = target.provider.id
  const question = { provider, providerKeyId: key.id, virtualKeyId, requestType: requestTypeOf(operation) }
  const found = configuration.prices.find({
    ...question,
    model: target.model,
    reported: meter?.model,
    requested,
  })
  const { nanodollars, reason, parts } = cost(usage, (model) =>
    model === undefined ? found?.prices : configuration.prices.find({ ...question, model })?.prices,
  )
  if (reason !== undefined) return { nanodollars: null, reason: `${provider}/${target.model}: ${reason}` }
  return { nanodollars, parts, ...(found && { price: found.model, source: found.source }) }
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
