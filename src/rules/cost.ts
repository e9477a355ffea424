import type { Counts, Service, SideUsage, Usage } from '../message/usage.ts'
import { totalInputTokens } from '../message/usage.ts'
import { RATE_KINDS } from '../models/prices.ts'
import type { CostParts, Prices, RateKind, Rates, ServicePrices } from '../models/prices.ts'

/** What an answer costs, in whole nano-dollars. */
export interface Cost {
  /** null: a price that it needs is unknown. A guess of zero would let a budget never end. */
  nanodollars: number | null
  /** Why it is null. */
  reason?: string
  /** What each kind costs; they add up to `nanodollars`. */
  parts: CostParts
}

/** The prices of a model of the same provider; `undefined` asks for the one that answered. */
export type PriceOf = (model: string | undefined) => Prices | undefined

const PICO_PER_NANO = 1000

/**
 * Prices an answer: each physical token in one kind, what other models did at their own prices. A cache without a
 * price of its own costs what plain input costs, sound and pictures without one what text costs. Pure.
 */
export function cost(usage: Usage, priceOf: PriceOf): Cost {
  const picoDollars: CostParts = {}
  const { within, beside, service } = usage
  const own = within === undefined || within.length === 0 ? usage : { ...usage, ...without(usage, within) }
  const unknown =
    chargeShare(undefined, own, true, priceOf, picoDollars) ??
    chargeSides(within, service, priceOf, picoDollars) ??
    chargeSides(beside, service, priceOf, picoDollars)
  return unknown === undefined
    ? inNanodollars(picoDollars)
    : { nanodollars: null, reason: unknown, parts: {} }
}

/**
 * Adds what other models did: within the answer's counts, where they are taken out, and beside them. A batch and a
 * place hold for all of a request, a speed for the model that has it.
 */
function chargeSides(
  sides: readonly SideUsage[] | undefined,
  service: Service | undefined,
  priceOf: PriceOf,
  picoDollars: CostParts,
): string | undefined {
  if (sides === undefined) return undefined
  const shared: Service = { ...service, speed: undefined }
  for (const { model, usage } of sides) {
    const unknown = chargeShare(model, { service: shared, ...usage }, false, priceOf, picoDollars)
    if (unknown !== undefined) return unknown
  }
  return undefined
}

/** `model`: where it is not the answer's own. Says which price is unknown. */
function chargeShare(
  model: string | undefined,
  usage: Usage,
  isOwn: boolean,
  priceOf: PriceOf,
  picoDollars: CostParts,
): string | undefined {
  const prices = priceOf(model)
  const unknown = prices === undefined ? 'no price is known' : charge(usage, prices, isOwn, picoDollars)
  return unknown === undefined || model === undefined ? unknown : `${model}: ${unknown}`
}

function without(usage: Usage, parts: readonly SideUsage[]): Partial<Counts> {
  const left: Partial<Counts> = {}
  for (const [field, count] of Object.entries(usage) as [keyof Counts, unknown][]) {
    if (typeof count !== 'number') continue
    left[field] = parts.reduce((rest, part) => Math.max(0, rest - (part.usage[field] ?? 0)), count)
  }
  return left
}

/** Adds what the usage costs to `picoDollars`; or says which price is unknown. */
function charge(usage: Usage, prices: Prices, isOwn: boolean, picoDollars: CostParts): string | undefined {
  const served = serviceOf(usage.service, prices)
  if (typeof served === 'string') return `the price of its service ${served} is unknown`
  const rates = ratesFor(usage, served.prices ?? prices)
  for (const kind of KINDS) {
    const count = COUNTS[kind](usage, rates, isOwn)
    if (count === 0) continue
    const price = kind === 'image' ? imagePrice(prices, usage.service?.image) : priceOfKind(rates, kind)
    if (price === undefined) return `the price of ${WORDS[kind]} is unknown`
    const factor = RATE_KINDS[kind] === 'token' ? served.factor : 1
    picoDollars[kind] = (picoDollars[kind] ?? 0) + count * price * factor
  }
  return undefined
}

/** Factor and prices of how the answer was served; the word of the service whose price is unknown. */
function serviceOf(service: Service | undefined, ordinary: Prices): Served | string {
  if (service === undefined) return AS_USUAL
  const { services = {} } = ordinary
  let factor = 1
  let prices: ServicePrices | undefined
  for (const word of [service.tier, service.speed, service.geography]) {
    if (word === undefined) continue
    const price = Object.hasOwn(services, word) ? services[word] : undefined
    if (price === undefined) return word
    if (typeof price === 'number') factor *= price / 100
    else prices = { ...withoutTokens(ordinary), ...price }
  }
  return { factor, prices }
}

interface Served {
  readonly factor: number
  /** Undefined: the ordinary ones. */
  readonly prices: ServicePrices | undefined
}

const AS_USUAL: Served = { factor: 1, prices: undefined }

function withoutTokens(rates: Rates): Rates {
  const kept: Rates = {}
  for (const [kind, unit] of Object.entries(RATE_KINDS) as [RateKind, 'token' | 'piece'][])
    if (unit === 'piece' && rates[kind] !== undefined) kept[kind] = rates[kind]
  return kept
}

/** The highest long-context tier that the whole context reaches prices every token of the request. */
function ratesFor(usage: Usage, prices: ServicePrices): Rates {
  if (prices.tiers === undefined) return prices
  const context = totalInputTokens(usage)
  const tier = prices.tiers.findLast((each) => context > each.above)
  return tier === undefined ? prices : { ...prices, ...tier }
}

type CountOf = (usage: Usage, rates: Rates, isOwn: boolean) => number

/** Each token and each piece once. A part that is larger than its whole is the whole. */
const COUNTS: Readonly<Record<RateKind, CountOf>> = {
  input: (usage) => textOf(usage.inputTokens, usage.inputAudioTokens, usage.inputImageTokens),
  inputAudio: (usage) => audioOf(usage.inputTokens, usage.inputAudioTokens),
  inputImage: (usage) => imageOf(usage.inputTokens, usage.inputAudioTokens, usage.inputImageTokens),
  cacheRead: (usage) => textOf(usage.cacheReadTokens, usage.cacheReadAudioTokens, usage.cacheReadImageTokens),
  cacheReadAudio: (usage) => audioOf(usage.cacheReadTokens, usage.cacheReadAudioTokens),
  cacheReadImage: (usage) =>
    imageOf(usage.cacheReadTokens, usage.cacheReadAudioTokens, usage.cacheReadImageTokens),
  cacheWrite5m: (usage) => usage.cacheWrite5mTokens,
  cacheWrite1h: (usage) => usage.cacheWrite1hTokens,
  output: (usage, rates) => outputTextOf(usage) - reasoningOf(usage, rates),
  outputAudio: (usage) => audioOf(usage.outputTokens, usage.outputAudioTokens),
  outputImage: (usage) => imageOf(usage.outputTokens, usage.outputAudioTokens, usage.outputImageTokens),
  reasoning: reasoningOf,
  webSearch: (usage) => usage.webSearches ?? 0,
  rerankSearch: (usage) => usage.rerankSearches ?? 0,
  character: (usage) => usage.characters ?? 0,
  audioSecond: (usage) => usage.audioSeconds ?? 0,
  videoSecond: (usage) => usage.videoSeconds ?? 0,
  image: imagesByThePiece,
  page: (usage) => usage.pages ?? 0,
  request: (_, rates, isOwn) => (isOwn && rates.request !== undefined ? 1 : 0),
}

/** In the order in which they are added up and rounded. */
const KINDS = Object.keys(COUNTS) as readonly RateKind[]

function textOf(tokens: number, audio?: number, image?: number): number {
  return tokens - audioOf(tokens, audio) - imageOf(tokens, audio, image)
}

function audioOf(tokens: number, audio = 0): number {
  return Math.min(audio, tokens)
}

function imageOf(tokens: number, audio?: number, image = 0): number {
  return Math.min(image, tokens - audioOf(tokens, audio))
}

function outputTextOf({ outputTokens, outputAudioTokens, outputImageTokens }: Usage): number {
  return textOf(outputTokens, outputAudioTokens, outputImageTokens)
}

/** What has no price of its own is paid for as output. */
function reasoningOf(usage: Usage, rates: Rates): number {
  return rates.reasoning === undefined ? 0 : Math.min(usage.reasoningTokens ?? 0, outputTextOf(usage))
}

/** Images that were counted in tokens are paid for with these. */
function imagesByThePiece({ images = 0, outputTokens }: Usage): number {
  return outputTokens > 0 ? 0 : images
}

function priceOfKind(rates: Rates, kind: RateKind): number | undefined {
  for (let next: RateKind | undefined = kind; next !== undefined; next = COUNTS_AS[next])
    if (rates[next] !== undefined) return rates[next]
  return undefined
}

/** What a kind without a price of its own costs. */
const COUNTS_AS: Readonly<Partial<Record<RateKind, RateKind>>> = {
  cacheRead: 'input',
  cacheWrite5m: 'input',
  cacheWrite1h: 'cacheWrite5m',
  inputAudio: 'input',
  inputImage: 'input',
  cacheReadAudio: 'cacheRead',
  cacheReadImage: 'cacheRead',
  outputAudio: 'output',
  outputImage: 'output',
}

/** `variant` is `size/quality`; prices may depend on both, on either, or on none. */
function imagePrice({ images = {}, image }: Prices, variant: string | undefined): number | undefined {
  const [size, quality] = (variant ?? '').split('/')
  for (const key of [variant, size, quality])
    if (key !== undefined && Object.hasOwn(images, key)) return images[key]
  return image
}

const WORDS: Readonly<Record<RateKind, string>> = {
  input: 'input',
  output: 'output',
  cacheRead: 'cache reads',
  cacheWrite5m: 'cache writes',
  cacheWrite1h: 'one-hour cache writes',
  reasoning: 'reasoning',
  inputAudio: 'audio input',
  outputAudio: 'audio output',
  cacheReadAudio: 'cached audio',
  inputImage: 'image input',
  outputImage: 'image output',
  cacheReadImage: 'cached images',
  audioSecond: 'a second of audio',
  videoSecond: 'a second of video',
  character: 'a spoken character',
  image: 'such an image',
  page: 'a page',
  webSearch: 'a web search',
  rerankSearch: 'a rerank search',
  request: 'a request',
}

/** Each part is rounded so that they add up to the sum, rounded; it takes the place of what it was made of. */
function inNanodollars(parts: CostParts): Cost {
  let sum = 0
  let told = 0
  for (const kind in parts) {
    sum += parts[kind as RateKind]!
    const upToHere = Math.round(sum / PICO_PER_NANO)
    parts[kind as RateKind] = upToHere - told
    told = upToHere
  }
  return { nanodollars: told, parts }
}
