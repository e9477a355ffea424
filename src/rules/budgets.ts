import type { Prices, RateKind, Rates, ServicePrices } from '../models/prices.ts'
import type { Balance, Budget, Demand, Limits } from './limits.ts'
import { limitOf, moment } from './limits.ts'

/** What is known of a request before it is sent. */
export interface Prospect {
  /** Estimated; undefined: nobody knows, because the provider keeps it or reads what it finds itself. */
  readonly inputTokens: number | undefined
  /** What the model takes at most, where that is known and it reads the request once. */
  readonly inputTokensMax?: number | undefined
  /** Of all answers together: what the request allows, else what the model can; undefined: nobody knows. */
  readonly outputTokens: number | undefined
  /** What is billed by the piece, where the operation is; an amount that nobody knows is undefined. */
  readonly pieces?: Readonly<Partial<Record<PieceKind, number | undefined>>>
  /** Services that the request asks for, in the words of {@link Prices.services}. */
  readonly services?: readonly string[]
  /** Those that it may get unasked, because of settings at the provider. They count where they have a price. */
  readonly unaskedServices?: readonly string[]
  /** Sound goes in or out. */
  readonly hasAudio?: boolean
  /** A job is ordered that runs later: what it uses is never told here. */
  readonly runsLater?: true
}

export type PieceKind = Extract<
  RateKind,
  'audioSecond' | 'videoSecond' | 'character' | 'image' | 'page' | 'webSearch' | 'rerankSearch'
>

/**
 * The input is judged by samples of its text, and no two tokenizers agree. A call that costs more than was held for it
 * overspends by the difference.
 */
const INPUT_MARGIN = 1.2

const PICO_PER_NANO = 1000

/**
 * The most that an attempt may use: the estimated input, with a margin, and the longest answer, each at the dearest
 * price that its tokens can have: written to a cache, in the highest tier that such a context reaches. Nothing at all
 * is free also where no price is known. Pure.
 */
export function worstCase(prospect: Prospect, prices: Prices | undefined): Demand {
  const { outputTokens, pieces = {} } = prospect
  const inputTokens = mostInput(prospect)
  if (inputTokens === 0 && outputTokens === 0 && Object.keys(pieces).length === 0)
    return { tokens: 0, nanodollars: 0 }
  const isBounded = inputTokens !== undefined && outputTokens !== undefined
  const tokens = isBounded ? inputTokens + outputTokens : 'unbounded'
  return { tokens, nanodollars: worstCost(prospect, inputTokens, prices) }
}

function mostInput({ inputTokens, inputTokensMax }: Prospect): number | undefined {
  if (inputTokens === undefined) return inputTokensMax
  return Math.min(Math.ceil(inputTokens * INPUT_MARGIN), inputTokensMax ?? Infinity)
}

function worstCost(
  prospect: Prospect,
  inputTokens: number | undefined,
  prices: Prices | undefined,
): Demand['nanodollars'] {
  const { outputTokens, pieces = {}, hasAudio = false } = prospect
  if (prospect.runsLater === true) return 'untold'
  const candidates = prices && candidateRates(prices, inputTokens ?? Infinity, prospect)
  if (prices === undefined || candidates === undefined) return 'unpriced'
  const dearest = (kinds: readonly RateKind[]) => dearestOf(candidates, kinds)
  const input = dearest(hasAudio ? [...INPUT_KINDS, ...INPUT_AUDIO_KINDS] : INPUT_KINDS)
  const output = dearest(hasAudio ? [...OUTPUT_KINDS, 'outputAudio'] : OUTPUT_KINDS)
  const byPiece = piecesCost(pieces, prices, input !== undefined)
  if (typeof byPiece === 'string') return byPiece
  const isByPiece = Object.keys(pieces).length > 0
  if (!isByPiece && (input === undefined || (output === undefined && outputTokens !== 0))) return 'unpriced'
  const [read, written] = [times(inputTokens, input), times(outputTokens, output)]
  if (read === undefined || written === undefined) return 'unbounded'
  return Math.ceil((read + written + byPiece + (prices.request ?? 0)) / PICO_PER_NANO)
}

/** In pico-dollars; undefined: nobody knows how many, and they cost something. */
function times(tokens: number | undefined, price = 0): number | undefined {
  return price === 0 ? 0 : tokens === undefined ? undefined : tokens * price
}

const INPUT_KINDS: readonly RateKind[] = [
  'input',
  'inputImage',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheRead',
  'cacheReadImage',
]
const INPUT_AUDIO_KINDS: readonly RateKind[] = ['inputAudio', 'cacheReadAudio']
const OUTPUT_KINDS: readonly RateKind[] = ['output', 'reasoning', 'outputImage']

interface Candidate {
  readonly rates: Rates
  readonly factor: number
}

/**
 * Rates that the tokens may be billed at, with the factor of all services that may hold together: fast, and in a place.
 * Undefined: the price of a service that was asked for is unknown.
 */
function candidateRates(
  prices: Prices,
  contextTokens: number,
  { services = [], unaskedServices = [] }: Prospect,
): Candidate[] | undefined {
  const bases: ServicePrices[] = [prices]
  let factor = 1
  for (const word of new Set([...services, ...unaskedServices])) {
    const known = prices.services ?? {}
    const price = Object.hasOwn(known, word) ? known[word] : undefined
    if (price === undefined && services.includes(word)) return undefined
    if (typeof price === 'number') factor *= Math.max(1, price / 100)
    else if (price !== undefined) bases.push(price)
  }
  return bases.flatMap((base) => {
    const tiers = (base.tiers ?? []).filter((tier) => contextTokens > tier.above)
    return [base, ...tiers].map((rates) => ({ rates, factor }))
  })
}

function dearestOf(candidates: readonly Candidate[], kinds: readonly RateKind[]): number | undefined {
  let dearest: number | undefined
  for (const { rates, factor } of candidates)
    for (const kind of kinds) {
      const price = rates[kind]
      if (price !== undefined) dearest = Math.max(dearest ?? 0, price * factor)
    }
  return dearest
}

/** In pico-dollars. Pieces without a price of their own may be billed in tokens: pictures are, at some models. */
function piecesCost(
  pieces: NonNullable<Prospect['pieces']>,
  prices: Prices,
  hasTokenPrice: boolean,
): number | 'unbounded' | 'unpriced' {
  let sum = 0
  for (const [kind, count] of Object.entries(pieces) as [PieceKind, number | undefined][]) {
    const price = kind === 'image' ? dearestImage(prices) : prices[kind]
    if (price === undefined && !hasTokenPrice) return 'unpriced'
    if (price === undefined || price === 0) continue
    if (count === undefined) return 'unbounded'
    sum += count * price
  }
  return sum
}

function dearestImage({ image, images = {} }: Prices): number | undefined {
  const all = image === undefined ? Object.values(images) : [image, ...Object.values(images)]
  return all.length === 0 ? undefined : Math.max(...all)
}

/** What an attempt is charged with. */
export interface Charge {
  readonly nanodollars: number | null
  /** worst-case: it was used, and nobody said how much; unknown: nor is there a price. */
  readonly source: 'cost' | 'worst-case' | 'unknown'
}

/**
 * What is charged for an attempt that was billed: its cost or, where that is not known, the most that it may have been,
 * so that an upstream that tells no usage cannot be used for nothing (A12). Where no price is known, either, nothing is.
 */
export function chargeFor(cost: number | null, { nanodollars }: Demand): Charge {
  if (cost !== null) return { nanodollars: cost, source: 'cost' }
  if (typeof nanodollars === 'number') return { nanodollars, source: 'worst-case' }
  return { nanodollars: null, source: 'unknown' }
}

/** How fast an account is used, and where that leads. */
export interface Forecast {
  /** On average since the window began, in the account's unit. */
  readonly perHour: number
  /** At the end of the window, if it goes on so. */
  readonly projectedUse: number
  /** When the limit is reached, if it goes on so; undefined: not in this window. */
  readonly exhaustedAtMs: number | undefined
}

const HOUR_MS = 3_600_000

/** A call in the first second of a month is no rate. */
const OBSERVED_MIN_MS = 60_000

export function forecast(limit: number, balance: Balance, nowMs: number): Forecast {
  const { startMs, endMs, used } = balance
  const perMs = used / Math.max(nowMs - startMs, OBSERVED_MIN_MS)
  const leftMs = Math.max(0, endMs - nowMs)
  const untilExhausted = used >= limit ? 0 : (limit - used) / perMs
  return {
    perHour: Math.round(perMs * HOUR_MS),
    projectedUse: Math.round(used + perMs * leftMs),
    exhaustedAtMs: untilExhausted < leftMs ? Math.round(nowMs + untilExhausted) : undefined,
  }
}

/** How near to their limits the accounts of a call are, for rules. */
export interface Pressure {
  /** Per cent of the fullest of each kind; 0 where there is none. */
  readonly budgetUsed: number
  readonly tokensUsed: number
  readonly requestsUsed: number
  /** The least that a budget has left, what is reserved taken off; undefined: there is no budget. */
  readonly budgetRemainingNanodollars: number | undefined
}

export function pressure(
  limits: Limits,
  balanceOf: (account: Limits[keyof Limits][number]) => Balance,
): Pressure {
  const used = { tokens: 0, requests: 0 }
  for (const each of limits.rateLimits)
    used[each.counts] = Math.max(used[each.counts], percentUsed(each.limit, balanceOf(each)))
  let budgetUsed = 0
  let remaining: number | undefined
  for (const each of limits.budgets) {
    const balance = balanceOf(each)
    const left = Math.max(0, each.limitNanodollars - balance.used - balance.reserved)
    remaining = Math.min(remaining ?? left, left)
    budgetUsed = Math.max(budgetUsed, percentUsed(each.limitNanodollars, balance))
  }
  return {
    budgetUsed,
    tokensUsed: used.tokens,
    requestsUsed: used.requests,
    budgetRemainingNanodollars: remaining,
  }
}

function percentUsed(limit: number, { used }: Balance): number {
  return limit === 0 ? 100 : (used / limit) * 100
}

/** Clients refuse answers whose headers have more than 8 to 64 KB. */
const NAME_MAX_LENGTH = 200

/**
 * For a response header: the fullest budget that has reached its soft limit, without figures that are not the caller's.
 * Undefined: none has.
 */
export function softWarning(
  budgets: readonly Budget[],
  balanceOf: (budget: Budget) => Balance,
): string | undefined {
  let fullest: { budget: Budget; balance: Balance; percent: number } | undefined
  for (const budget of budgets) {
    const balance = balanceOf(budget)
    const isSoft = budget.softLimitNanodollars < budget.limitNanodollars
    if (!isSoft || balance.used < budget.softLimitNanodollars) continue
    const percent = percentUsed(limitOf(budget), balance)
    if (fullest === undefined || percent > fullest.percent) fullest = { budget, balance, percent }
  }
  if (fullest === undefined) return undefined
  const { owner } = fullest.budget
  const name = owner.name.slice(0, NAME_MAX_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?')
  return `${owner.kind} ${name}: ${Math.floor(fullest.percent)}% of the budget used, resets ${moment(fullest.balance.endMs)}`
}
