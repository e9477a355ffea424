/**
 * Prices in pico-dollars (10⁻¹² $) for one unit of each kind; tokens unless the name says otherwise. $3 per million
 * tokens is 3,000,000. A thousand make a nano-dollar, the unit of the log: `tokens × price / 1000`. The product
 * stays an exact integer in a double up to nine million tokens at a thousand dollars per million.
 * An absent price is an unknown one, not zero.
 */
export interface Rates {
  input?: number
  /** All output, reasoning included, unless `reasoning` has its own price. */
  output?: number
  cacheRead?: number
  /** Five-minute cache writes on Claude; any cache write elsewhere. */
  cacheWrite5m?: number
  cacheWrite1h?: number
  reasoning?: number
  inputAudio?: number
  outputAudio?: number
  cacheReadAudio?: number
  inputImage?: number
  outputImage?: number
  cacheReadImage?: number
  /** A second of audio that is transcribed. */
  audioSecond?: number
  /** A second of video that is made. */
  videoSecond?: number
  /** A character that is spoken. */
  character?: number
  /** An image that is made, where size and quality do not matter. */
  image?: number
  /** A page that is read. */
  page?: number
  /** A search of the web by the provider. */
  webSearch?: number
  /** A search of a reranker. */
  rerankSearch?: number
  /** Each request, whatever it used. */
  request?: number
}

export type RateKind = keyof Rates

/** What was paid for each kind, in nano-dollars. */
export type CostParts = Partial<Record<RateKind, number>>

export interface Prices extends Rates {
  /** Long-context prices, rising. The highest tier that applies is the price of every token of the request. */
  tiers?: readonly Tier[]
  /** By `size/quality`, as `1024x1024/hd`: the price of one image. */
  images?: Readonly<Record<string, number>>
  /**
   * What tokens cost when they are served otherwise than usual, by the provider's word for it: `batch`, `flex`,
   * `priority`, `fast`, a place such as `us`. A number is per cent of the ordinary prices; rates stand instead of them.
   */
  services?: Readonly<Record<string, number | ServicePrices>>
}

/** Prices of a service; without tiers of its own the same for every context. */
export interface ServicePrices extends Rates {
  tiers?: readonly Tier[]
}

/**
 * `above`: applies when all input tokens of the request, cached ones included, are more than this. A kind without
 * a price of its own here keeps its ordinary one.
 */
export interface Tier extends Rates {
  above: number
}

/** Every kind, and whether it is counted in tokens: only those are dearer or cheaper in a service. */
export const RATE_KINDS: Readonly<Record<RateKind, 'token' | 'piece'>> = {
  input: 'token',
  output: 'token',
  cacheRead: 'token',
  cacheWrite5m: 'token',
  cacheWrite1h: 'token',
  reasoning: 'token',
  inputAudio: 'token',
  outputAudio: 'token',
  cacheReadAudio: 'token',
  inputImage: 'token',
  outputImage: 'token',
  cacheReadImage: 'token',
  audioSecond: 'piece',
  videoSecond: 'piece',
  character: 'piece',
  image: 'piece',
  page: 'piece',
  webSearch: 'piece',
  rerankSearch: 'piece',
  request: 'piece',
}
