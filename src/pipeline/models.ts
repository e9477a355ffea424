import { GatewayError } from '../message/error.ts'
import { list, lookup } from '../models/catalogue.ts'
import type { ForeignPrefix, ListedModel } from '../protocols/model-list.ts'
import { allows } from '../rules/key-choice.ts'
import { route } from '../rules/routing.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import { candidates, grantedKeys, loginTokenFor } from './candidates.ts'
import { jsonHeaders } from './reply-whole.ts'

/**
 * The models that a caller can use, from configuration and catalogue alone: no upstream is asked, so that an
 * agent's start (Claude Code waits 3 s) never hangs on a provider.
 */
export function listModels(call: Call, caller: Caller, configuration: Configuration): void {
  const { models } = call.protocol
  const body = models.encodeList(modelsFor(caller, configuration, models.foreignPrefix), call.query)
  call.reply.send(200, jsonHeaders(call), JSON.stringify(body))
}

/** One model, if it leads anywhere. Throws `model_not_found`. */
export function getModel(call: Call, caller: Caller, configuration: Configuration): void {
  const id = call.pathModel
  if (id === undefined || id === '')
    throw new GatewayError('model_not_found', 'model: Field required', { field: 'model' })
  const { provider, model } = route(id, candidates(configuration, caller), call.preferredProviders)
  const body = call.protocol.models.encode({ id, provider, model, facts: lookup(provider, model) })
  call.reply.send(200, jsonHeaders(call), JSON.stringify(body))
}

/** Each model once, aliases of a provider before its other models. */
function modelsFor(
  caller: Caller,
  configuration: Configuration,
  foreignPrefix: ForeignPrefix | undefined,
): ListedModel[] {
  const models = new Map<string, ListedModel>()
  for (const provider of configuration.providers.values()) {
    for (const [name, model] of namesAt(provider, caller)) {
      const id = toldId(provider.id, name, foreignPrefix)
      if (models.has(id) || !mayUse(caller, provider, [name, model], configuration)) continue
      models.set(id, { id, provider: provider.id, model, facts: lookup(provider.id, model) })
    }
  }
  return [...models.values()]
}

/** What a provider's usable keys name, and what the catalogue knows of it where a key is for all models. */
function* namesAt(provider: ConfiguredProvider, caller: Caller): Generator<[name: string, model: string]> {
  const keys = provider.keys.filter((key) => key.enabled)
  const byLogin = loginTokenFor(provider, caller) !== undefined
  if (keys.length === 0 && !byLogin) return
  for (const key of keys) yield* key.aliases
  if (byLogin || keys.some((key) => key.models === undefined))
    for (const model of offered(provider.id)) yield [model, model]
  for (const key of keys) for (const model of key.models ?? []) yield [model, model]
}

/** The one place that says whether a caller may use a model, for every listing. `names`: as it is asked for, and its id. */
function mayUse(
  caller: Caller,
  provider: ConfiguredProvider,
  names: readonly [string, string],
  { governance }: Configuration,
): boolean {
  const { virtualKey } = caller
  if (virtualKey !== undefined && governance.grantFor(virtualKey, provider.id, names).outcome !== 'granted')
    return false
  const granted = grantedKeys(virtualKey, provider.id)
  return (
    loginTokenFor(provider, caller) !== undefined ||
    provider.keys.some((key) => granted?.has(key.id) !== false && allows(key, names[1], names[0]))
  )
}

function toldId(provider: string, model: string, foreignPrefix: ForeignPrefix | undefined): string {
  const id = `${provider}/${model}`
  if (foreignPrefix === undefined) return id
  if (provider !== foreignPrefix.native) return foreignPrefix.prefix + id
  return foreignPrefix.shown.test(model) ? model : foreignPrefix.prefix + model
}

/** What an agent can work with: models that call tools and are not on their way out. */
function offered(provider: string): string[] {
  return list(provider).filter((model) => {
    const facts = lookup(provider, model)
    return facts?.tools === true && facts.deprecated !== true
  })
}
