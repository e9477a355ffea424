import { fileKind } from './catalogue-file.ts'
import { RATE_KINDS } from './prices.ts'
import type { Prices, RateKind, Rates, ServicePrices, Tier } from './prices.ts'

/**
 * The fields in which the configuration's format (and LiteLLM's and Bifrost's tables) writes prices, in dollars for
 * one unit: https://docs.getbifrost.ai/providers/custom-pricing. Beside them our own, in dollars per million tokens:
 * `<kind>_per_million`, as `cache_write_1h_per_million`.
 */
const FIELDS: Readonly<Record<string, RateKind>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cacheRead',
  cache_creation_input_token_cost: 'cacheWrite5m',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1h',
  output_cost_per_reasoning_token: 'reasoning',
  input_cost_per_audio_token: 'inputAudio',
  output_cost_per_audio_token: 'outputAudio',
  cache_read_input_audio_token_cost: 'cacheReadAudio',
  input_cost_per_image_token: 'inputImage',
  output_cost_per_image_token: 'outputImage',
  cache_read_input_image_token_cost: 'cacheReadImage',
  input_cost_per_audio_per_second: 'audioSecond',
  input_cost_per_second: 'audioSecond',
  output_cost_per_video_per_second: 'videoSecond',
  output_cost_per_second: 'videoSecond',
  input_cost_per_character: 'character',
  output_cost_per_image: 'image',
  ocr_cost_per_page: 'page',
  web_search_cost_per_request: 'webSearch',
  search_context_cost_per_query: 'webSearch',
  input_cost_per_query: 'rerankSearch',
  cost_per_request: 'request',
}

/** Fields of the format for which there is no count, or no such price here. */
const UNSERVED =
  /^(?:off_peak_cost_multiplier|peak_hours|code_interpreter_cost_per_session|annotation_cost_per_page|cache_creation_input_audio_token_cost|(?:in|out)put_cost_per_pixel|input_cost_per_(?:image|video_per_second)|output_cost_per_video_per_second_\w+|output_cost_per_image_\w+|input_cost_per_(?:image|video_per_second|audio_per_second)_above_128k_tokens)$/

const SERVICES: Readonly<Record<string, string>> = {
  batches: 'batch',
  priority: 'priority',
  flex: 'flex',
  fast: 'fast',
}

const SUFFIX = /_(?:above_(?<above>\d+)k_tokens|(?<service>batches|priority|flex|fast))$/
const IMAGE =
  /^output_cost_per_image(?:_above_(?<width>1024|1536)_and_(?<height>1024|1536)_pixels)?(?:_(?<quality>low|medium|high|auto|standard)_quality)?$/

/** What a field says. */
export interface PriceField {
  kind: RateKind
  /** Dollars in the field are for this many units. */
  units: number
  /** The long-context tier that begins above this many tokens. */
  above: number | undefined
  /** The service whose price it is. */
  service: string | undefined
  /** The key in {@link Prices.images}. */
  image: string | undefined
}

/** The field of this name; `unserved` for one that the format has and that cannot be obeyed; undefined for others. */
export function priceField(name: string): PriceField | 'unserved' | undefined {
  const image = imageField(name)
  if (image !== undefined) return image
  let base = name
  let above: number | undefined
  let service: string | undefined
  for (let known = kindOf(base); ; known = kindOf(base)) {
    if (known !== undefined) {
      // Pieces cost the same whatever the context and the service.
      const isPlain = above === undefined && service === undefined
      return isPlain || RATE_KINDS[known.kind] === 'token'
        ? { ...known, above, service, image: undefined }
        : 'unserved'
    }
    const suffix = SUFFIX.exec(base)
    if (suffix === null) return UNSERVED.test(name) ? 'unserved' : undefined
    const { above: thousands, service: word } = suffix.groups!
    if (thousands !== undefined) above = Number(thousands) * 1000
    if (word !== undefined) service = SERVICES[word]
    base = base.slice(0, suffix.index)
  }
}

/** Every field without suffix, for whoever mistyped one. */
export const PRICE_FIELDS: readonly string[] = [
  ...Object.keys(FIELDS),
  ...(Object.keys(RATE_KINDS) as RateKind[])
    .filter((kind) => RATE_KINDS[kind] === 'token')
    .map((kind) => `${fileKind(kind)}_per_million`),
]

const MILLION = 1_000_000

const PER_MILLION: ReadonlyMap<string, RateKind> = new Map(
  (Object.keys(RATE_KINDS) as RateKind[])
    .filter((kind) => RATE_KINDS[kind] === 'token')
    .map((kind) => [`${fileKind(kind)}_per_million`, kind]),
)

function kindOf(name: string): { kind: RateKind; units: number } | undefined {
  const kind = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  if (kind !== undefined) return { kind, units: 1 }
  const perMillion = PER_MILLION.get(name)
  return perMillion && { kind: perMillion, units: MILLION }
}

function imageField(name: string): PriceField | undefined {
  const { width, height, quality } = IMAGE.exec(name)?.groups ?? {}
  if (width === undefined && quality === undefined) return undefined
  const image = [width && `${width}x${height}`, quality].filter((part) => part !== undefined).join('/')
  return { kind: 'image', units: 1, above: undefined, service: undefined, image }
}

const PICO_PER_DOLLAR = 1e12

/** The prices that the fields say; those that are no known field are passed over. */
export function pricesOf(fields: Readonly<Record<string, number>>): Prices {
  const prices: Prices = {}
  const tiers = new Map<number, Tier>()
  const services: Record<string, number | ServicePrices> = {}
  const images: Record<string, number> = {}
  for (const [name, dollars] of Object.entries(fields)) {
    if (name === 'inference_geo_us_multiplier') {
      services['us'] = Number((dollars * 100).toPrecision(12))
      continue
    }
    const field = priceField(name)
    if (field === undefined || field === 'unserved') continue
    const price = Math.round((dollars / field.units) * PICO_PER_DOLLAR)
    if (field.image !== undefined) images[field.image] = price
    else ratesAt(field, prices, tiers, services)[field.kind] = price
  }
  if (tiers.size > 0) prices.tiers = rising(tiers.values())
  if (Object.keys(services).length > 0) prices.services = services
  if (Object.keys(images).length > 0) prices.images = images
  return prices
}

/** The rates that a field belongs to: the ordinary ones, a tier's, a service's, or a tier's of a service. */
function ratesAt(
  { above, service }: PriceField,
  prices: Prices,
  tiers: Map<number, Tier>,
  services: Record<string, number | ServicePrices>,
): Rates {
  if (service === undefined) return above === undefined ? prices : tierAt(tiers, above)
  const known = services[service]
  const rates: ServicePrices = typeof known === 'object' ? known : {}
  services[service] = rates
  if (above === undefined) return rates
  const own = new Map((rates.tiers ?? []).map((tier) => [tier.above, tier]))
  const tier = tierAt(own, above)
  rates.tiers = rising(own.values())
  return tier
}

function tierAt(tiers: Map<number, Tier>, above: number): Tier {
  let tier = tiers.get(above)
  if (tier === undefined) tiers.set(above, (tier = { above }))
  return tier
}

function rising(tiers: Iterable<Tier>): Tier[] {
  return [...tiers].toSorted((a, b) => a.above - b.above)
}

/** Prices with others over them, kind by kind. Thresholds that differ by a token are one. */
export function withPrices(base: Prices, patch: Prices): Prices {
  const merged: Prices = { ...base, ...patch }
  if (base.tiers !== undefined && patch.tiers !== undefined) {
    const tiers = new Map(base.tiers.map((tier) => [tier.above, tier]))
    for (const tier of patch.tiers) {
      const same = base.tiers.find(({ above }) => Math.abs(above - tier.above) <= 1)
      tiers.set(same?.above ?? tier.above, { ...same, ...tier })
    }
    merged.tiers = rising(tiers.values())
  }
  if (base.services !== undefined || patch.services !== undefined)
    merged.services = { ...base.services, ...patch.services }
  if (base.images !== undefined || patch.images !== undefined)
    merged.images = { ...base.images, ...patch.images }
  return merged
}
