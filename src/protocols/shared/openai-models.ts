import type { JsonObject } from '../../message/request.ts'
import type { ModelFacts } from '../../models/facts.ts'
import type { ListedModel } from '../model-list.ts'
import { pageBehind, pageSize, releaseTime } from './model-list.ts'

/**
 * A model as OpenAI lists it, and what OpenRouter and Bifrost tell beside: window, abilities, prices. An absent field
 * is unknown.
 */
export function encodeModel({ id, provider, model, facts }: ListedModel): JsonObject {
  const created = Date.parse(releaseTime(facts)) / 1000
  const entry: JsonObject = { id, object: 'model', created, owned_by: provider }
  if (facts === undefined) return entry
  const slug = `${provider}/${facts.id}`
  if (slug !== id) entry['canonical_slug'] = slug
  entry['name'] = facts.name ?? facts.id
  if (model !== facts.id) entry['deployment'] = model
  const {
    contextWindowTokens: context,
    maxInputTokens: maxInput = context,
    maxOutputTokens: maxOutput,
  } = facts
  if (context !== undefined) entry['context_length'] = context
  if (maxInput !== undefined) entry['max_input_tokens'] = maxInput
  if (maxOutput !== undefined) entry['max_output_tokens'] = maxOutput
  if (facts.inputKinds !== undefined) entry['architecture'] = architecture(facts)
  const pricing = pricingOf(facts)
  if (Object.keys(pricing).length > 0) entry['pricing'] = pricing
  return { ...entry, supported_parameters: parametersOf(facts), supported_methods: methodsOf(facts) }
}

function architecture({ inputKinds = [], kind }: ModelFacts): JsonObject {
  const output = kind === 'image' || kind === 'video' ? kind : kind === 'speech' ? 'audio' : 'text'
  return {
    modality: `${inputKinds.join('+')}->${output}`,
    input_modalities: [...inputKinds],
    output_modalities: [output],
  }
}

const PICO_PER_DOLLAR = 1e12

/** Dollars for one unit, as text: 0.0000000028 would be written with an exponent as a number. */
function pricingOf({ prices = {} }: ModelFacts): JsonObject {
  const rates = {
    prompt: prices.input,
    completion: prices.output,
    image: prices.image,
    input_cache_read: prices.cacheRead,
    input_cache_write: prices.cacheWrite5m,
  }
  return Object.fromEntries(
    Object.entries(rates).flatMap(([name, price]) =>
      price === undefined ? [] : [[name, (price / PICO_PER_DOLLAR).toFixed(10)]],
    ),
  )
}

function parametersOf({ tools, reasoning, efforts = [], sampling, kind }: ModelFacts): string[] {
  if (kind !== undefined) return []
  return [
    'max_tokens',
    'stop',
    'stream',
    ...(sampling === false ? [] : ['temperature', 'top_p']),
    ...(tools === true ? ['tools', 'tool_choice'] : []),
    ...(reasoning === true ? ['reasoning'] : []),
    ...(efforts.length > 0 ? ['reasoning_effort'] : []),
  ]
}

const METHODS: Readonly<Record<NonNullable<ModelFacts['kind']>, readonly string[]>> = {
  embedding: ['embedding'],
  rerank: ['rerank'],
  speech: ['speech'],
  transcription: ['transcription'],
  image: ['image_generation'],
  video: ['video_generation'],
}

function methodsOf({ kind }: ModelFacts): readonly string[] {
  return kind === undefined ? ['chat_completion', 'responses'] : METHODS[kind]
}

/**
 * The models of the providers that `provider` names, or of all. OpenAI's API has no pages: these are told whole unless
 * `page_size` asks for some, from the one behind `page_token`.
 */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const providers = (query.get('provider') ?? '').toLowerCase()
  const found =
    providers === '' ? models : models.filter(({ provider }) => providers.split(',').includes(provider))
  const size = pageSize(query.get('page_size'), Infinity, Infinity)
  const { page, next } = pageBehind(found, query.get('page_token'), size)
  const data = page.map(encodeModel)
  return { object: 'list', data, ...(next !== undefined && { next_page_token: next }) }
}
