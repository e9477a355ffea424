import { GatewayError } from '../message/error.ts'
import { isHelper, looksLikeClaude, stripContextSuffix, vendorOf } from '../models/names.ts'
import { spellingAt } from '../models/spelling.ts'
import { aliasOf, classOf, mayServe, modelAt, modelOfClass, offers, spelledAt } from './candidate.ts'
import type { Candidate } from './candidate.ts'

/** One place to try, and why. */
export interface Target {
  readonly provider: string
  readonly model: string
  readonly reason: string
}

/**
 * Where a model name leads. The name is a bare id (`claude-opus-5-5`), `provider/model`, or an alias, with or
 * without Claude Code's `[1m]` suffix, which no upstream knows (a 404 there once cooled whole accounts).
 *
 * Throws `model_not_found`, saying what would work, `no_key` and `provider_blocked`. Pure.
 */
export function route(
  requested: string,
  candidates: ReadonlyMap<string, Candidate>,
  preferred: readonly string[] = [],
): Target {
  const name = stripContextSuffix(requested)
  if (name === '')
    throw new GatewayError('invalid_request', `model: ${JSON.stringify(requested)} is no model's name.`, {
      field: 'model',
    })
  const target =
    byPrefix(name, candidates) ??
    byAlias(name, candidates) ??
    byListedModel(name, candidates) ??
    byPreference(name, candidates, preferred) ??
    byVendor(name, candidates) ??
    byReseller(name, candidates, preferred) ??
    byTier(name, candidates, preferred) ??
    byOnlyProvider(name, candidates)
  if (target === undefined) throw unknownModel(requested, candidates)
  return target
}

/** A place that somebody other than the client names: a rule, the weights of a virtual key. */
export interface NamedPlace {
  /** Undefined: as the model's name leads. */
  readonly provider: string | undefined
  readonly model: string
  /** The model is the client's: the provider may spell it otherwise, or have one of its class only. */
  readonly isOwnModel: boolean
  readonly reason: string
}

/** Where a named place is. Throws `model_not_found`, `no_key` and `provider_blocked`. */
export function routeTo(
  { provider, model, isOwnModel, reason }: NamedPlace,
  candidates: ReadonlyMap<string, Candidate>,
  preferred: readonly string[] = [],
): Target {
  if (provider === undefined) {
    const found = route(model, candidates, preferred)
    return { ...found, reason: `${reason}: ${found.reason}` }
  }
  const name = stripContextSuffix(model)
  const candidate = candidates.get(provider)
  if (candidate === undefined)
    throw new GatewayError('model_not_found', `${provider} is not configured (${reason}).`, {
      field: 'model',
    })
  if (!candidate.usable) throw unusable(candidate, `${name} (${reason})`)
  if (!isOwnModel) return { provider, model: aliasOf(candidate, name) ?? name, reason }
  const there = modelAt(candidate, name)
  if (there !== undefined) return { provider, model: there, reason }
  const tier = classOf(name)
  const ofClass = tier === undefined ? undefined : modelOfClass(candidate, tier)
  if (ofClass === undefined) return { provider, model: name, reason }
  return { provider, model: ofClass, reason: `${reason}: ${name} is of class ${tier}` }
}

function byPrefix(name: string, candidates: ReadonlyMap<string, Candidate>): Target | undefined {
  const slash = name.indexOf('/')
  if (slash <= 0) return undefined
  const provider = name.slice(0, slash).toLowerCase()
  const rest = name.slice(slash + 1)
  // Claude Code lists only ids that contain "claude" or "anthropic", so listings give foreign models this prefix.
  if (provider === 'anthropic' && rest.includes('/')) {
    const inner = byPrefix(rest, candidates)
    if (inner !== undefined) return inner
  }
  const candidate = candidates.get(provider)
  if (candidate === undefined || rest === '') return undefined
  if (!candidate.usable) throw unusable(candidate, rest)
  const alias = aliasOf(candidate, rest)
  if (alias !== undefined) return { provider, model: alias, reason: `${name} is an alias at ${provider}` }
  return { provider, model: rest, reason: `the request names ${provider}` }
}

function unusable({ id, barred }: Candidate, model: string): GatewayError {
  if (barred === true) return providerBlocked(id)
  return new GatewayError('no_key', `Provider ${id} has no enabled key for ${model}.`)
}

export function providerBlocked(provider: string): GatewayError {
  return new GatewayError('provider_blocked', `Provider '${provider}' is not allowed for this virtual key`, {
    field: 'model',
  })
}

export function modelBlocked(model: string, provider: string): GatewayError {
  const what = model === '' ? 'A request that names no model' : `Model '${model}'`
  return new GatewayError(
    'model_blocked',
    `${what} is not allowed for this virtual key at provider '${provider}'`,
    { field: 'model' },
  )
}

function byAlias(name: string, candidates: ReadonlyMap<string, Candidate>): Target | undefined {
  for (const candidate of candidates.values()) {
    const alias = candidate.usable ? aliasOf(candidate, name) : undefined
    if (alias !== undefined)
      return { provider: candidate.id, model: alias, reason: `${name} is an alias at ${candidate.id}` }
  }
  return undefined
}

function byListedModel(name: string, candidates: ReadonlyMap<string, Candidate>): Target | undefined {
  for (const candidate of candidates.values()) {
    if (candidate.usable && candidate.keys.some((key) => key.models?.has(name))) {
      return { provider: candidate.id, model: name, reason: `a key of ${candidate.id} lists ${name}` }
    }
  }
  return undefined
}

/** The service that the client believes it speaks to, where that service has the model. */
function byPreference(
  name: string,
  candidates: ReadonlyMap<string, Candidate>,
  preferred: readonly string[],
): Target | undefined {
  const provider = preferred.find((id) => {
    const candidate = candidates.get(id)
    return candidate?.usable === true && mayServe(id, name) && !isUnlistedHelper(candidate, name)
  })
  if (provider === undefined) return undefined
  return { provider, model: name, reason: `${name} was asked for as a model of ${provider}` }
}

function byVendor(name: string, candidates: ReadonlyMap<string, Candidate>): Target | undefined {
  const vendor = vendorOf(name)
  const candidate = vendor === undefined ? undefined : candidates.get(vendor)
  if (vendor === undefined || candidate?.usable !== true) return undefined
  const model = spelledAt(vendor, name)
  if (isUnlistedHelper(candidate, model)) return undefined
  return { provider: vendor, model, reason: `${name} is a model of ${vendor}` }
}

/** Who lists models at the keys thinks of those that people choose: helpers go by class then. */
function isUnlistedHelper({ keys }: Candidate, model: string): boolean {
  return isHelper(model) && !offers(keys, model)
}

/** A cloud or a reseller that has the model under a name of its own: `claude-sonnet-4-5` at Bedrock or OpenRouter. */
function byReseller(
  name: string,
  candidates: ReadonlyMap<string, Candidate>,
  preferred: readonly string[],
): Target | undefined {
  for (const { id, usable, keys } of inOrder(candidates, preferred)) {
    const model = usable ? spellingAt(id, name) : undefined
    if (model !== undefined && offers(keys, model))
      return { provider: id, model, reason: `${id} serves ${name}${model === name ? '' : ` as ${model}`}` }
  }
  return undefined
}

/**
 * Agents ask for models that nobody configured: Claude Code for its default, others for small helpers such as
 * `claude-haiku-4-5-20251001` and `gpt-5.4-nano`. An upstream of another maker answers 404 to those, so they go by
 * class.
 */
function byTier(
  name: string,
  candidates: ReadonlyMap<string, Candidate>,
  preferred: readonly string[],
): Target | undefined {
  const tier = classOf(name)
  if (tier === undefined) return undefined
  for (const candidate of inOrder(candidates, preferred)) {
    const model = candidate.usable ? modelOfClass(candidate, tier) : undefined
    if (model !== undefined)
      return {
        provider: candidate.id,
        model,
        reason: `${name} is of class ${tier}: ${model} at ${candidate.id}`,
      }
  }
  return undefined
}

/** Those that the client's own route prefers come first. */
function inOrder(candidates: ReadonlyMap<string, Candidate>, preferred: readonly string[]): Candidate[] {
  const first = preferred.flatMap((id) => candidates.get(id) ?? [])
  return [...first, ...[...candidates.values()].filter((candidate) => !first.includes(candidate))]
}

function byOnlyProvider(name: string, candidates: ReadonlyMap<string, Candidate>): Target | undefined {
  const usable = [...candidates.values()].filter((candidate) => candidate.usable)
  const only = usable.length === 1 ? usable[0] : undefined
  if (only === undefined || looksLikeClaude(name)) return undefined
  return { provider: only.id, model: name, reason: `${only.id} is the only provider` }
}

function unknownModel(requested: string, candidates: ReadonlyMap<string, Candidate>): GatewayError {
  const usable = [...candidates.values()]
    .filter((candidate) => candidate.usable)
    .map((candidate) => candidate.id)
  if (usable.length === 0 && [...candidates.values()].some(({ barred }) => barred))
    return new GatewayError('provider_blocked', 'This virtual key may use none of the configured providers.')
  if (usable.length === 0) {
    return new GatewayError(
      'model_not_found',
      'No provider is configured. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or another provider key in the environment of the gateway, or add one to config.json.',
      { field: 'model' },
    )
  }
  return new GatewayError(
    'model_not_found',
    `model: ${requested} leads to no configured provider. Write provider/model; configured here: ${usable.join(', ')}.`,
    { field: 'model' },
  )
}
