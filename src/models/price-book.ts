import { RecentMap } from '../lib/recent-map.ts'
import { edition, lookup } from './catalogue.ts'
import { withPrices } from './price-fields.ts'
import type { Prices } from './prices.ts'
import { pricesIn } from './regional.ts'

/** Prices that the operator says, and what they are for. */
export interface PriceOverride {
  /** As messages name it: its name, or where it stands. */
  readonly name: string
  readonly match: 'exact' | 'wildcard' | 'regex'
  /** The model's name; its beginning (without the star); a regular expression. */
  readonly pattern: string | RegExp
  /** Undefined: all. */
  readonly provider?: string | undefined
  readonly providerKeyId?: string | undefined
  readonly virtualKeyId?: string | undefined
  /** Undefined: all. */
  readonly requestTypes?: ReadonlySet<RequestType> | undefined
  readonly prices: Prices
}

/** What a call is about, as far as prices know: an answer in text costs the same in every API. */
export type RequestType = 'text' | 'embedding' | 'rerank' | 'speech' | 'transcription' | 'image' | 'video'

/** Whose price is asked for. */
export interface PriceQuestion {
  readonly provider: string
  /** The model's id as it was sent. */
  readonly model: string
  /** The id under which the provider says that it answered: another one for deployments, routers and fallbacks. */
  readonly reported?: string | undefined
  /** The client's own word: for a deployment of any name, it may be the model's. */
  readonly requested?: string | undefined
  readonly providerKeyId?: string | undefined
  readonly virtualKeyId?: string | undefined
  readonly requestType: RequestType
  /** Of Vertex, which asks more in some than in others; undefined: of others, whose names of models say it. */
  readonly region?: string | undefined
}

export interface FoundPrice {
  readonly prices: Prices
  /** `provider/model` of the entry that they are from. */
  readonly model: string
  /** `catalogue 2026-11-10`, and the override over it. */
  readonly source: string
}

/**
 * Ids that say nothing of the model: inference profiles of one's own, endpoints. Only then is the client's word a hint;
 * an alias may be called after one model and lead to another.
 */
const OPAQUE = /^arn:|(?:^|\/)\d+$/

/** Questions that are remembered: models are named by clients, who may name any number. */
const MEMORY = 2_000

/** Few are in use at a time. */
const MODELS_MAX = 100
/** A call asks of its model before and after the provider has named its own. */
const ANSWERS_MAX = 4

interface Answered {
  readonly question: PriceQuestion
  readonly found: FoundPrice | undefined
}

function isSame(one: PriceQuestion, other: PriceQuestion): boolean {
  return (
    one.provider === other.provider &&
    one.model === other.model &&
    one.reported === other.reported &&
    one.requested === other.requested &&
    one.requestType === other.requestType &&
    one.region === other.region
  )
}

function isOfSameKeys(one: PriceQuestion, other: PriceQuestion): boolean {
  return one.providerKeyId === other.providerKeyId && one.virtualKeyId === other.virtualKeyId
}

/** What models cost: the catalogue, with the operator's own prices over it. Part of a compiled configuration. */
export class PriceBook {
  readonly #overrides: readonly PriceOverride[]
  readonly #known = new RecentMap<string, FoundPrice | 'unknown'>(MEMORY)
  /** By model, what was asked of it lately: to compare questions costs less than to make a key of one. */
  readonly #latest = new RecentMap<string, Answered[]>(MODELS_MAX)
  readonly #dependsOnKeys: boolean

  /** Overrides in the order of the file. */
  constructor(overrides: readonly PriceOverride[]) {
    this.#overrides = overrides.toSorted((a, b) => rankOf(b) - rankOf(a))
    this.#dependsOnKeys = overrides.some(
      ({ providerKeyId, virtualKeyId }) => providerKeyId !== undefined || virtualKeyId !== undefined,
    )
  }

  /** Undefined: nobody knows. A look-up in a map, but for the first of its kind. */
  find(question: PriceQuestion): FoundPrice | undefined {
    const latest = this.#latest.get(question.model)
    for (const each of latest ?? [])
      if (isSame(each.question, question) && (!this.#dependsOnKeys || isOfSameKeys(each.question, question)))
        return each.found
    const found = this.#findKnown(question)
    if (latest === undefined || latest.length === ANSWERS_MAX)
      this.#latest.set(question.model, [{ question, found }])
    else latest.push({ question, found })
    return found
  }

  #findKnown(question: PriceQuestion): FoundPrice | undefined {
    const key = this.#keyOf(question)
    let found = this.#known.get(key)
    if (found === undefined) this.#known.set(key, (found = this.#search(question) ?? 'unknown'))
    return found === 'unknown' ? undefined : found
  }

  #keyOf(question: PriceQuestion): string {
    const { provider, model, reported = '', requested = '', requestType, region = '' } = question
    const what = `${provider}\n${model}\n${reported}\n${requested}\n${requestType}\n${region}`
    return this.#dependsOnKeys
      ? `${what}\n${question.providerKeyId ?? ''}\n${question.virtualKeyId ?? ''}`
      : what
  }

  #search(question: PriceQuestion): FoundPrice | undefined {
    const { provider, model, reported, requested, region } = question
    const names = [reported, model, OPAQUE.test(model) ? requested : undefined].filter(
      (name) => name !== undefined && name !== '',
    )
    const override = this.#overrides.find((each) => applies(each, question))
    for (const name of names) {
      const facts = lookup(provider, name!)
      if (facts?.prices === undefined) continue
      const source = `catalogue ${edition().date}`
      const here = pricesIn(region, facts.id, facts.prices)
      const known = { prices: here, model: `${provider}/${facts.id}`, source }
      if (override === undefined) return known
      const prices = withPrices(here, override.prices)
      return { ...known, prices, source: `${override.name}, ${source}` }
    }
    return override && { prices: override.prices, model: `${provider}/${model}`, source: override.name }
  }
}

/**
 * A virtual key before a provider key before a provider, each with more before each with less; then the whole name
 * before its beginning, the longer beginning before the shorter, and a regular expression last.
 */
function rankOf({ virtualKeyId, providerKeyId, provider, match, pattern }: PriceOverride): number {
  const scope =
    (virtualKeyId === undefined ? 0 : 4) +
    (providerKeyId === undefined ? 0 : 2) +
    (providerKeyId === undefined && provider !== undefined ? 1 : 0)
  const name =
    match === 'exact' ? 9_999 : match === 'wildcard' ? Math.min(String(pattern).length + 1, 9_998) : 0
  return scope * 10_000 + name
}

/** The name that was sent decides, with or without the provider in front; then what came of it. */
function applies(override: PriceOverride, question: PriceQuestion): boolean {
  const { provider, model, requested, reported } = question
  if (override.provider !== undefined && override.provider !== provider) return false
  if (override.providerKeyId !== undefined && override.providerKeyId !== question.providerKeyId) return false
  if (override.virtualKeyId !== undefined && override.virtualKeyId !== question.virtualKeyId) return false
  if (override.requestTypes !== undefined && !override.requestTypes.has(question.requestType)) return false
  const asked = requested === undefined ? [] : [requested, `${provider}/${requested}`]
  return [model, `${provider}/${model}`, ...asked, reported].some(
    (name) => name !== undefined && matches(override, name),
  )
}

function matches({ match, pattern }: PriceOverride, name: string): boolean {
  if (typeof pattern !== 'string') return pattern.test(name)
  return match === 'exact' ? name === pattern : name.startsWith(pattern)
}
