import { closest } from '../../lib/closest.ts'
import { list, lookup } from '../../models/catalogue.ts'
import type { Configuration, ConfiguredProvider } from './configuration.ts'
import type { LintQuestion, Tell } from './finding.ts'
import { patternOf } from './model-list.ts'

/** A model that the settings name at a provider. */
interface Named {
  readonly provider: ConfiguredProvider
  readonly model: string
  readonly place: string
}

/** Models that the catalogue does not know at their provider, and those that a budget must price and cannot. */
export function lintModels({ configuration }: LintQuestion, tell: Tell): void {
  const seen = new Set<string>()
  for (const named of namedModels(configuration)) {
    const { provider, model, place } = named
    const name = `${provider.id}/${model}`
    if (seen.has(name)) continue
    seen.add(name)
    const isPriced =
      configuration.prices.find({ provider: provider.id, model, requestType: 'text' }) !== undefined
    if (isPriced) continue
    if (isUnknown(named)) {
      const meant = closest(model, list(provider.id))
      const hint = meant === undefined ? 'a model of it' : `a model of it (did you mean "${meant}"?)`
      tell(place, `${name}, which the catalogue does not know`, hint)
    }
    if (isBudgeted(named, configuration))
      tell(place, `${name}, whose price nobody knows: calls that a budget binds are refused`, PRICE)
  }
}

const PRICE = 'its price in governance.pricing_overrides, or a newer catalogue ("signalbox catalogue update")'

/** Names at a cloud are deployments, at an operator's own address anything. */
function isUnknown({ provider: { id, provider, reach }, model }: Named): boolean {
  if (provider.cloud !== undefined || reach?.upstream.operatorNamed === true) return false
  return list(id).length > 0 && lookup(id, model) === undefined
}

function isBudgeted({ provider, model }: Named, { governance }: Configuration): boolean {
  if (governance.budgets.size === 0) return false
  const binds = (key?: Parameters<typeof governance.limitsFor>[0]) =>
    governance.limitsFor(key, provider.id, [model]).budgets.length > 0
  if (binds()) return true
  for (const key of governance.virtualKeys.values())
    if (governance.grantFor(key, provider.id, [model]).outcome === 'granted' && binds(key)) return true
  return false
}

function* namedModels({ governance, providers }: Configuration): Generator<Named> {
  const at = function* (id: string | undefined, model: string | undefined, place: string): Generator<Named> {
    const provider = id === undefined ? undefined : providers.get(id)
    if (provider === undefined || model === undefined || model === '*' || patternOf(model) !== undefined)
      return
    const prefix = `${provider.id}/`
    const bare = model.toLowerCase().startsWith(prefix) ? model.slice(prefix.length) : model
    yield { provider, model: aliasOf(provider, bare) ?? bare, place }
  }
  for (const { targets, fallbacks = [], origin } of governance.rules) {
    for (const [index, { provider, model }] of targets.entries())
      yield* at(provider, model, `${origin.place}.targets[${index}].model`)
    for (const [index, { provider, model }] of fallbacks.entries())
      yield* at(provider, model, `${origin.place}.fallbacks[${index}]`)
  }
  for (const { grants = [] } of governance.virtualKeys.values()) {
    for (const { provider, model, models, origin } of grants) {
      yield* at(provider, model, `${origin.place}.model`)
      for (const [index, name] of (models.listed ?? []).entries())
        yield* at(provider, name, `${origin.place}.allowed_models[${index}]`)
    }
  }
  for (const { provider, model, origin } of governance.models)
    yield* at(provider, model, `${origin.place}.model_name`)
  for (const { id, keys } of providers.values()) {
    for (const [index, { models = [], aliases }] of keys.entries()) {
      const place = `providers.${id}.keys[${index}]`
      for (const model of models) yield* at(id, model, `${place}.models`)
      for (const [alias, model] of aliases) yield* at(id, model, `${place}.aliases.${alias}`)
    }
  }
}

function aliasOf({ keys }: ConfiguredProvider, name: string): string | undefined {
  return keys.map(({ aliases }) => aliases.get(name)).find((model) => model !== undefined)
}
