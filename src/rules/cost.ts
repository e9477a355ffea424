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
  for (const { model, usage: share, isOwn } of sharesOf(usage)) {
    const prices = priceOf(model)
    const unknown = prices === undefined ? 'no price is known' : charge(share, prices, isOwn, picoDollars)
    if (unknown !== undefined)
      return { nanodollars: null, reason: model === undefined ? unknown : `${model}: ${unknown}`, parts: {} }
  }
  return inNanodollars(picoDollars)
}

interface Share {
  model: string | undefined
  usage: Usage
  isOwn: boolean
}

/**
 * What the answer's own model used, and what others did: within its counts, where they are taken out, and beside them.
 * A batch and a place hold for all of a request, a speed for the model that has it.
 */
function sharesOf(usage: Usage): Share[] {
  const { within = [], beside = [], service } = usage
  const own = within.length === 0 ? usage : { ...usage, ...without(usage, within) }
  const shared: Service = { ...service, speed: undefined }
  const sides = [...within, ...beside].map(({ model, usage: share }) => {
    return { model, usage: { service: shared, ...share }, isOwn: false }
  })
  return [{ model: undefined, usage: own, isOwn: true }, ...sides]
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
  for (const [kind, count] of countsOf(usage, rates, isOwn)) {
    if (count === 0) continue
    const price = kind === 'image' ? imagePrice(prices, usage.service?.image) : priceOfKind(rates, kind)
    if (price === undefined) return `the price of ${WORDS[kind]} is unknown`
    const factor = RATE_KINDS[kind] === 'token' ? served.factor : 1
    picoDollars[kind] = (picoDollars[kind] ?? 0) + count * price * factor
  }
  return undefined
}

/** Factor and prices of how the answer was served; the word of the service whose price is unknown. */
function serviceOf(
  service: Service | undefined,
  { services = {}, ...ordinary }: Prices,
): { factor: number; prices: ServicePrices | undefined } | string {
  let factor = 1
  let prices: ServicePrices | undefined
  for (const word of [service?.tier, service?.speed, service?.geography]) {
    if (word === undefined) continue
    const price = Object.hasOwn(services, word) ? services[word] : undefined
    if (price === undefined) return word
    if (typeof price === 'number') factor *= price / 100
    else prices = { ...withoutTokens(ordinary), ...price }
  }
  return { factor, prices }
}

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

/** Each token and each piece once. A part that is larger than its whole is the whole. */
function countsOf(usage: Usage, rates: Rates, isOwn: boolean): [RateKind, number][] {
  const input = split(usage.inputTokens, usage.inputAudioTokens, usage.inputImageTokens)
  const cached = split(usage.cacheReadTokens, usage.cacheReadAudioTokens, usage.cacheReadImageTokens)
  const output = split(usage.outputTokens, usage.outputAudioTokens, usage.outputImageTokens)
  const reasoning = rates.reasoning === undefined ? 0 : Math.min(usage.reasoningTokens ?? 0, output.text)
  return [
    ['input', input.text],
    ['inputAudio', input.audio],
    ['inputImage', input.image],
    ['cacheRead', cached.text],
    ['cacheReadAudio', cached.audio],
    ['cacheReadImage', cached.image],
    ['cacheWrite5m', usage.cacheWrite5mTokens],
    ['cacheWrite1h', usage.cacheWrite1hTokens],
    ['output', output.text - reasoning],
    ['outputAudio', output.audio],
    ['outputImage', output.image],
    ['reasoning', reasoning],
    ['webSearch', usage.webSearches ?? 0],
    ['rerankSearch', usage.rerankSearches ?? 0],
    ['character', usage.characters ?? 0],
    ['audioSecond', usage.audioSeconds ?? 0],
    ['videoSecond', usage.videoSeconds ?? 0],
    ['image', imagesByThePiece(usage)],
    ['page', usage.pages ?? 0],
    ['request', isOwn && rates.request !== undefined ? 1 : 0],
  ]
}

function split(tokens: number, audio = 0, image = 0): { text: number; audio: number; image: number } {
  const heard = Math.min(audio, tokens)
  const seen = Math.min(image, tokens - heard)
  return { text: tokens - heard - seen, audio: heard, image: seen }
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

/** Each part is rounded so that they add up to the sum, rounded. */
function inNanodollars(picoDollars: CostParts): Cost {
  const parts: CostParts = {}
  let sum = 0
  let told = 0
  for (const [kind, pico] of Object.entries(picoDollars) as [RateKind, number][]) {
    sum += pico
    const upToHere = Math.round(sum / PICO_PER_NANO)
    parts[kind] = upToHere - told
    told = upToHere
  }
  return { nanodollars: told, parts }
}
